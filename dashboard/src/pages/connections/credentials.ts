// Which fields a form for credentials has: what the provider declares, else what its auth mode needs.
import type { AskedField, Provider } from '../../api/connections';

export interface FormField {
  name: string;
  label: string;
  hint?: string;
  placeholder?: string;
  pattern?: string;
  suffix?: string;
  secret: boolean;
  optional: boolean;
  type: string;
}

interface ModeField {
  name: string;
  label: string;
  open?: boolean;
  optional?: boolean;
}

/** The fields of each auth mode that credentials can be given for. */
const modes: Record<string, { type: string; fields: ModeField[] }> = {
  API_KEY: { type: 'API_KEY', fields: [{ name: 'apiKey', label: 'API key' }] },
  BASIC: { type: 'BASIC', fields: [{ name: 'username', label: 'User name', open: true }, { name: 'password', label: 'Password' }] },
  OAUTH2: {
    type: 'OAUTH2',
    fields: [{ name: 'access_token', label: 'Access token' }, { name: 'refresh_token', label: 'Refresh token', optional: true }],
  },
  OAUTH2_CC: {
    type: 'OAUTH2_CC',
    fields: [
      { name: 'token', label: 'Token' },
      { name: 'client_id', label: 'Client id', open: true },
      { name: 'client_secret', label: 'Client secret' },
    ],
  },
  OAUTH1: { type: 'OAUTH1', fields: [{ name: 'oauth_token', label: 'Token' }, { name: 'oauth_token_secret', label: 'Token secret' }] },
  TBA: { type: 'TBA', fields: [{ name: 'token_id', label: 'Token id' }, { name: 'token_secret', label: 'Token secret' }] },
  NONE: { type: 'NONE', fields: [] },
};
modes.MCP_OAUTH2 = modes.OAUTH2!;
modes.MCP_OAUTH2_GENERIC = modes.OAUTH2!;

/** The label of a credential that the server shows. */
export function credentialLabel(name: string, provider?: Provider): string {
  const declared = provider?.credentials?.[name]?.title;
  if (declared) return declared;
  for (const { fields } of Object.values(modes)) {
    const known = fields.find((field) => field.name === name);
    if (known) return known.label;
  }
  return name;
}

/** The form of a provider: `undefined` where its credentials come out of a flow only. */
export function credentialForm(provider: Provider): { type: string; fields: FormField[] } | undefined {
  const mode = modes[provider.auth_mode];
  if (!mode) return undefined;
  const fields = mode.fields.map((field): FormField => {
    const declared = provider.credentials?.[field.name];
    return {
      ...asked(field.name, declared ?? {}),
      label: declared?.title ?? field.label,
      secret: declared?.secret ?? !field.open,
      optional: declared?.optional ?? field.optional ?? false,
    };
  });
  return { type: mode.type, fields };
}

/** What the provider has to know about the customer's account, such as a subdomain. */
export function configurationForm(provider: Provider): FormField[] {
  const entries = Object.entries(provider.connection_config ?? {}).filter(([, field]) => !field.automated && !field.hidden);
  entries.sort(([, one], [, other]) => (one.order ?? 99) - (other.order ?? 99));
  return entries.map(([name, field]) => asked(name, field));
}

function asked(name: string, field: AskedField): FormField {
  return {
    name,
    label: field.title ?? name,
    hint: field.description,
    placeholder: field.example,
    pattern: field.pattern,
    suffix: field.suffix,
    secret: field.secret ?? false,
    optional: field.optional ?? false,
    type: field.type ?? 'string',
  };
}

/** The names of the fields that are still missing or do not have their form. */
export function problemOf(field: FormField, value: string): string | undefined {
  if (!value) return field.optional ? undefined : `${field.label} is needed.`;
  if (field.pattern && !fits(field.pattern, value)) {
    return `Does not look like ${/^[aeiou]/i.test(field.label) ? 'an' : 'a'} ${field.label.toLowerCase()}${field.placeholder ? `, such as ${field.placeholder}` : ''}.`;
  }
  return undefined;
}

function fits(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern).test(value);
  } catch {
    return true; // A pattern that browsers cannot read is the server's to check.
  }
}

/** What was typed, as the API takes it: without what was left empty, numbers and booleans as such. */
export function valuesOf(fields: FormField[], typed: Record<string, string>): Record<string, unknown> {
  const given = fields.filter((field) => typed[field.name]);
  return Object.fromEntries(given.map((field) => [field.name, typedValue(field.type, typed[field.name]!)]));
}

function typedValue(type: string, text: string): unknown {
  if (type === 'number' || type === 'integer') return Number(text);
  return type === 'boolean' ? text === 'true' : text;
}
