import { queryOptions } from '@tanstack/react-query';
import { address, call } from './call';
import type { Schemas } from './types';

export type Integration = Schemas['Data_Integration']['data'];

/** The integrations of the environment, oldest first. */
export const integrationsQuery = (environment: string) =>
  queryOptions({
    queryKey: ['integrations', environment],
    queryFn: async ({ signal }) => (await call<{ data: Integration[] }>('GET', '/integrations', { environment, signal })).data,
    staleTime: 30_000,
  });

/** One integration. With `credentials`, those of its OAuth client or app: not everybody may see them. */
export const integrationQuery = (environment: string, key: string, credentials = false) =>
  queryOptions({
    queryKey: ['integrations', environment, 'one', key, credentials],
    queryFn: async ({ signal }) => {
      const query = { include: credentials ? 'credentials' : undefined };
      return (await call<{ data: Integration }>('GET', address('/integrations/{key}', { key }), { environment, signal, query })).data;
    },
  });

/** A field that a provider asks for. */
export interface ProviderField {
  type?: string;
  title?: string;
  description?: string;
  example?: string;
  default_value?: string;
  optional?: boolean;
  secret?: boolean;
  automated?: boolean;
}

export interface Provider {
  name: string;
  display_name: string;
  auth_mode: string;
  categories?: string[];
  docs?: string;
  logo_url?: string;
  integration_config?: Record<string, ProviderField>;
}

/** The catalogue. It is part of the server, so it does not change while it runs. */
export const providersQuery = (environment: string) =>
  queryOptions({
    queryKey: ['providers', environment],
    queryFn: async ({ signal }) => (await call<{ data: Provider[] }>('GET', '/providers', { environment, signal })).data,
    staleTime: Infinity,
  });

export const providerQuery = (environment: string, name: string) =>
  queryOptions({
    queryKey: ['providers', environment, 'one', name],
    queryFn: async ({ signal }) =>
      (await call<{ data: Provider }>('GET', address('/providers/{name}', { name }), { environment, signal })).data,
    staleTime: Infinity,
    enabled: name !== '',
  });

/** The credentials that an integration of this auth mode has, besides its connections' own. */
export function credentialFields(mode: string): { name: string; title: string; secret?: boolean; long?: boolean; hint?: string; optional?: boolean }[] {
  if (mode === 'OAUTH1' || mode === 'OAUTH2' || mode === 'TBA') {
    const fields = [
      { name: 'client_id', title: mode === 'OAUTH2' ? 'Client id' : 'Consumer key', hint: 'Of the app that you registered at the provider.' },
      { name: 'client_secret', title: mode === 'OAUTH2' ? 'Client secret' : 'Consumer secret', secret: true },
    ];
    return mode === 'TBA' ? fields : [...fields, { name: 'scopes', title: 'Scopes', hint: 'Separated by commas.', optional: true }];
  }
  if (mode === 'APP' || mode === 'CUSTOM') {
    return [
      { name: 'app_id', title: 'App id' },
      { name: 'app_link', title: 'App link', hint: 'Where customers install the app.' },
      { name: 'private_key', title: 'Private key', secret: true, long: true, hint: 'The whole PEM file.' },
    ];
  }
  return [];
}

export interface NewIntegration {
  provider: string;
  unique_key: string;
  display_name?: string;
  credentials?: Record<string, string>;
  integration_config?: Record<string, string>;
}

/** With `later`, its credentials are set later. */
export const createIntegration = (environment: string, body: NewIntegration, later = false) =>
  call<{ data: Integration }>('POST', later ? '/integrations/quickstart' : '/integrations', { environment, body });

export const changeIntegration = (environment: string, key: string, body: Record<string, unknown>) =>
  call<{ data: Integration }>('PATCH', address('/integrations/{key}', { key }), { environment, body });

export const deleteIntegration = (environment: string, key: string) =>
  call('DELETE', address('/integrations/{key}', { key }), { environment });

export type Mode = 'off' | 'warn' | 'enforce';
export type MetadataSchema = Omit<Schemas['MetadataSchema'], 'schema' | 'mode'> & { mode: Mode; schema?: Record<string, unknown> | null };

/** The schema that the configuration of an integration's customers has to fit, and what happens where it does not. */
export const schemaQuery = (environment: string, key: string) =>
  queryOptions({
    queryKey: ['schema', environment, key],
    queryFn: ({ signal }) => call<MetadataSchema>('GET', address('/integrations/{key}/metadata/schema', { key }), { environment, signal }),
  });

export const putSchema = (environment: string, key: string, body: { mode?: Mode; schema?: unknown; version?: number }) =>
  call<MetadataSchema>('PUT', address('/integrations/{key}/metadata/schema', { key }), { environment, body });

/** What counts where a customer sets nothing. */
export const defaultsQuery = (environment: string, key: string) =>
  queryOptions({
    queryKey: ['defaults', environment, key],
    queryFn: async ({ signal }) =>
      (await call<{ defaults: Record<string, unknown> }>('GET', address('/integrations/{key}/metadata/defaults', { key }), { environment, signal })).defaults,
  });

export const putDefaults = (environment: string, key: string, defaults: unknown) =>
  call('PUT', address('/integrations/{key}/metadata/defaults', { key }), { environment, body: defaults });

export interface Migrated {
  connections: { connection_id: string; outcome: 'valid' | 'fixed' | 'broken' | 'invalid_already' }[];
  next_cursor?: string | null;
}

/** Brings the next customers to the newest version of the schema. */
export const migrate = (environment: string, key: string, cursor: string | undefined, signal: AbortSignal) =>
  call<Migrated>('POST', address('/integrations/{key}/metadata/migrate', { key }), { environment, signal, body: { limit: 100, cursor } });
