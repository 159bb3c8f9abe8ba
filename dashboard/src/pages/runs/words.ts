import type { Run } from '../../api/runs';

export const kindWords: Record<string, string> = {
  sync: 'Sync',
  action: 'Action',
  'on-event': 'On event',
  webhook: 'Webhook',
  log: 'Function said',
  http: 'HTTP call',
  run: 'Run',
  event: 'Event',
};

export const statusWords: Record<string, string> = {
  queued: 'Queued',
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Cancelled',
  invalid_configuration: 'Invalid configuration',
};

const icons = { succeeded: 'ok', failed: 'bad', invalid_configuration: 'bad', running: 'running', queued: 'none', cancelled: 'none' } as const;

/** The icon of a run's state. */
export const statusIcon = (status: string): 'ok' | 'bad' | 'running' | 'none' | 'warn' => icons[status as keyof typeof icons] ?? 'none';

/** What it did to the records: "+6 ~2 −1", of all models. */
export function changes(run: Run): { added: number; updated: number; deleted: number } {
  const sum = { added: 0, updated: 0, deleted: 0 };
  for (const one of Object.values(run.counts ?? {})) {
    sum.added += one.added ?? 0;
    sum.updated += one.updated ?? 0;
    sum.deleted += one.deleted ?? 0;
  }
  return sum;
}

export const number = new Intl.NumberFormat('en');

/** "1 call", "2 calls". */
export const plural = (count: number, one: string, many = `${one}s`) => `${number.format(count)} ${count === 1 ? one : many}`;

/** Bytes in words: "1.2 kB". */
export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined) return '–';
  if (count < 1000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}
