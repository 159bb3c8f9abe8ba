import type { Health, ListedConnection } from '../../api/connections';

/** What the states of a connection are called. */
export const healthWords: Record<Health, string> = {
  ok: 'OK',
  auth_error: 'Authorization failed',
  sync_error: 'Sync failed',
  invalid: 'Invalid configuration',
  outdated: 'Outdated configuration',
};

export const healthTone = (health: Health) =>
  health === 'ok' ? 'ok' : health === 'outdated' ? 'warn' : 'bad';

/** The state of a connection in words, with the number where there is one. */
export function healthText({ status, problems }: Pick<ListedConnection, 'status' | 'problems'>): string {
  if (status !== 'invalid' || problems === 0) return healthWords[status];
  return problems === 1 ? '1 configuration error' : `${problems} configuration errors`;
}

const numbers = new Intl.NumberFormat('en');
export const count = (value: number) => numbers.format(value);

/** "1 record", "9,880 records". */
export const plural = (value: number, one: string, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** What an authorization mode is called. */
export const modeWords: Record<string, string> = {
  API_KEY: 'API key',
  BASIC: 'Basic (user name and password)',
  OAUTH2: 'OAuth 2',
  OAUTH2_CC: 'OAuth 2 client credentials',
  OAUTH1: 'OAuth 1',
  TBA: 'Token-based authentication',
  NONE: 'None',
  JWT: 'JWT',
  TWO_STEP: 'Two-step token',
  APP: 'App',
  CUSTOM: 'Custom',
};
