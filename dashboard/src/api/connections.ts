// Connections: the list with how they go, one of them, and what may be changed of it.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { address, call } from './call';

/** What can be the matter with a connection, the worst first. */
export const troubles = ['auth_error', 'sync_error', 'invalid', 'outdated'] as const;
export type Trouble = (typeof troubles)[number];
export type Health = 'ok' | Trouble;

/** Where a connection is: the environment, the integration's key, the connection's id. */
export interface At {
  env: string;
  integration: string;
  connection: string;
}

/** A connection in the list, with how it goes. */
export interface ListedConnection {
  id: number;
  connection_id: string;
  provider_config_key: string;
  provider: string;
  name: string | null;
  email: string | null;
  tags: Record<string, string>;
  created_at: string;
  status: Health;
  statuses: Trouble[];
  problems: number;
  own_values: number;
  revision: number;
  last_sync_at: string | null;
}

interface ListPage {
  data: ListedConnection[];
  next_cursor: string | null;
  matched: number;
  matched_is_exact: boolean;
  total: number;
}

/** A test of a connection's own configuration at a path. */
export interface Condition {
  path: string;
  op: 'is' | 'is_not' | 'set' | 'unset';
  value?: string;
}

/** Which connections to list, and in which order. All filters must match. */
export interface ConnectionFilter {
  search?: string;
  integration?: string;
  status?: Health;
  tags?: [string, string][];
  condition?: Condition;
  sort?: 'newest' | 'status';
}

const PAGE = 100;

function queryOf(filter: ConnectionFilter): Record<string, string | undefined> {
  const { search, integration, status, tags, condition, sort } = filter;
  const query: Record<string, string | undefined> = { search, integration, status, sort };
  for (const [key, value] of tags ?? []) query[`tags[${key}]`] = value;
  if (condition) {
    query['where[path]'] = condition.path;
    if (condition.op === 'set' || condition.op === 'unset') query['where[set]'] = String(condition.op === 'set');
    else query[`where[${condition.op}]`] = condition.value;
  }
  return query;
}

/** The list, page by page. */
export const connectionsQuery = (env: string, filter: ConnectionFilter) =>
  infiniteQueryOptions({
    queryKey: [env, 'connections', 'list', filter],
    queryFn: ({ pageParam, signal }) =>
      call<ListPage>('GET', '/fleet/connections', {
        environment: env,
        query: { ...queryOf(filter), limit: PAGE, cursor: pageParam },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

/** How one connection goes, as the list tells it. `null` where it is not among the first that have its id in theirs. */
export const healthQuery = ({ env, integration, connection }: At) =>
  queryOptions({
    queryKey: [env, 'connections', 'health', integration, connection],
    queryFn: async ({ signal }) => {
      const query = { search: connection, integration, limit: 200 };
      const page = await call<ListPage>('GET', '/fleet/connections', { environment: env, query, signal });
      return page.data.find((one) => one.connection_id === connection) ?? null;
    },
  });

export interface EndUser {
  id: string;
  email?: string | null;
  display_name?: string | null;
  organization?: { id: string; display_name?: string | null } | null;
}

/** A connection without its secrets. */
export interface Connection {
  connection_id: string;
  provider_config_key: string;
  provider: string;
  errors: { type: string; log_id: string }[];
  end_user: EndUser | null;
  tags: Record<string, string>;
  connection_config: Record<string, unknown>;
  webhook_url_override: string | null;
  created_at: string;
  updated_at: string;
  last_fetched_at: string | null;
}

type Credentials = Record<string, unknown> & { type?: string };

const one = '/connections/{connection}';
const place = ({ env, integration }: At) => ({ environment: env, query: { provider_config_key: integration } });

/** The connection. Its secrets are read when they are asked for, and kept nowhere. */
export const connectionQuery = (at: At) =>
  queryOptions({
    queryKey: [at.env, 'connections', 'one', at.integration, at.connection],
    queryFn: ({ signal }) =>
      call<Connection>('GET', address(one, { ...at }), { environment: at.env, query: { provider_config_key: at.integration, credentials: false }, signal }),
  });

/** The credentials themselves, for a person who asked to see them, and when the token ends. */
export async function readCredentials(at: At): Promise<{ values: [string, string][]; expiresAt?: string }> {
  const { credentials = {} } = await call<Connection & { credentials?: Credentials }>('GET', address(one, { ...at }), place(at));
  const hidden = new Set(['type', 'raw', 'expires_at', 'config_override']);
  const values = Object.entries(credentials)
    .filter(([name, value]) => !hidden.has(name) && value !== null && value !== '' && value !== undefined)
    .map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  return { values, expiresAt: typeof credentials.expires_at === 'string' ? credentials.expires_at : undefined };
}

export interface NewConnection {
  provider_config_key: string;
  connection_id?: string;
  credentials: Credentials;
  connection_config?: Record<string, unknown>;
  end_user?: { id: string; email?: string; display_name?: string };
  metadata?: Record<string, unknown>;
}

/** Makes a connection, or authorises the one of that id anew. */
export const saveConnection = (env: string, body: NewConnection) =>
  call<Connection>('POST', '/connections', { environment: env, body });

export interface ConnectionPatch {
  end_user?: EndUser;
  tags?: Record<string, string>;
  webhook_url_override?: string;
}

export const patchConnection = (at: At, body: ConnectionPatch) =>
  call<{ success: boolean }>('PATCH', address(one, { ...at }), { ...place(at), body });

/** Deletes a connection with its syncs and records. Functions that should run before may have failed: the warnings. */
export const deleteConnection = (at: At) =>
  call<{ success: boolean; warnings?: { function: string; message: string }[] }>('DELETE', address(one, { ...at }), place(at));

/** What is asked for of a provider's credentials or connection configuration. */
export interface AskedField {
  type?: string;
  title?: string;
  description?: string;
  example?: string;
  pattern?: string;
  format?: string;
  prefix?: string;
  suffix?: string;
  secret?: boolean;
  optional?: boolean;
  automated?: boolean;
  hidden?: boolean;
  default_value?: string;
  order?: number;
}

export interface Provider {
  name: string;
  display_name: string;
  auth_mode: string;
  docs?: string;
  credentials?: Record<string, AskedField>;
  connection_config?: Record<string, AskedField>;
}

export const providerQuery = (env: string, name: string) =>
  queryOptions({
    queryKey: [env, 'connections', 'provider', name],
    queryFn: async ({ signal }) =>
      (await call<{ data: Provider }>('GET', address('/providers/{name}', { name }), { environment: env, signal })).data,
    staleTime: Infinity,
    enabled: name !== '',
  });

/** The integrations by name, to choose from. */
export const integrationNamesQuery = (env: string) =>
  queryOptions({
    queryKey: [env, 'connections', 'integrations'],
    queryFn: async ({ signal }) => {
      const list = await call<{ data: { unique_key: string; provider: string; display_name: string }[] }>('GET', '/integrations', {
        environment: env,
        signal,
      });
      return list.data;
    },
    staleTime: 60_000,
  });

/** The paths that connections of an integration set, to complete what is typed. */
export const knownPathsQuery = (env: string, integration: string) =>
  queryOptions({
    queryKey: [env, 'connections', 'paths', integration],
    queryFn: async ({ signal }) => {
      const path = address('/integrations/{integration}/metadata/fleet', { integration });
      const report = await call<{ paths?: { path: string }[] }>('GET', path, { environment: env, signal });
      return (report.paths ?? []).map((known) => known.path);
    },
    staleTime: 60_000,
    enabled: integration !== '',
  });
