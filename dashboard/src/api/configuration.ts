// The configuration of a connection, by the public API.
import { queryOptions } from '@tanstack/react-query';
import type { JsonObject } from '../configuration/document';
import type { Options } from '../configuration/options';
import type { ServerProblem } from '../configuration/problems';
import { address, ApiError, call, send } from './call';

/** Which connection. */
export interface Connection {
  environment: string;
  providerConfigKey: string;
  connectionId: string;
}

export type Effect = 'none' | 'run' | 'resync';

/** `GET /connections/{id}/metadata`. */
export interface Metadata {
  metadata: JsonObject | null;
  effective: JsonObject | null;
  revision: number;
  problems: ServerProblem[];
  applied?: { effect: Effect; syncs: { name: string; variant: string; when: string; run_id: string | null }[] } | null;
}

export interface MetadataSchema {
  mode: 'off' | 'warn' | 'enforce';
  schema: object | null;
  version: number | null;
  ui: Record<string, unknown> | null;
  on_change: Record<string, Effect>;
}

export interface Actor {
  type: string;
  name?: string;
  provider_config_key?: string;
  run?: string;
  email?: string;
}

export interface Revision {
  revision: number;
  created_at: string;
  source: string;
  actor: Actor;
  reason: string | null;
  patch: { op: string; path: string }[];
  metadata?: JsonObject | null;
  /** How often it was used, and what came of it. */
  usage?: { runs: number; added: number; updated: number; deleted: number };
}

const of = ({ connectionId }: Connection, below = '') => address(`/connections/{connectionId}/metadata${below}`, { connectionId });
const key = (at: Connection, ...rest: unknown[]) => ['connection', at.environment, at.providerConfigKey, at.connectionId, 'metadata', ...rest];

export const metadataQuery = (at: Connection) =>
  queryOptions({
    queryKey: key(at),
    queryFn: ({ signal }) => call<Metadata>('GET', of(at), { environment: at.environment, query: { provider_config_key: at.providerConfigKey }, signal }),
  });

export const schemaQuery = ({ environment, providerConfigKey }: Connection) =>
  queryOptions({
    queryKey: ['integration', environment, providerConfigKey, 'schema'],
    queryFn: ({ signal }) =>
      call<MetadataSchema>('GET', address('/integrations/{providerConfigKey}/metadata/schema', { providerConfigKey }), { environment, signal }),
    staleTime: 60_000,
  });

export const defaultsQuery = ({ environment, providerConfigKey }: Connection) =>
  queryOptions({
    queryKey: ['integration', environment, providerConfigKey, 'defaults'],
    queryFn: ({ signal }) =>
      call<{ defaults: JsonObject }>('GET', address('/integrations/{providerConfigKey}/metadata/defaults', { providerConfigKey }), { environment, signal }),
    staleTime: 60_000,
  });

export const revisionsQuery = (at: Connection) => ({
  queryKey: key(at, 'revisions'),
  queryFn: ({ signal, pageParam }: { signal: AbortSignal; pageParam: string | undefined }) =>
    call<{ revisions: Revision[]; next_cursor: string | null }>('GET', of(at, '/revisions'), {
      environment: at.environment,
      query: { provider_config_key: at.providerConfigKey, limit: 30, include_usage: true, cursor: pageParam },
      signal,
    }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page: { next_cursor: string | null }) => page.next_cursor ?? undefined,
});

/** The newest revision: who saved it, and when. */
export async function latestRevision(at: Connection): Promise<Revision | null> {
  const { revisions } = await call<{ revisions: Revision[] }>('GET', of(at, '/revisions'), {
    environment: at.environment,
    query: { provider_config_key: at.providerConfigKey, limit: 1 },
  });
  return revisions[0] ?? null;
}

/** The integration's name for people. */
export const integrationQuery = ({ environment, providerConfigKey }: Connection) =>
  queryOptions({
    queryKey: ['integration', environment, providerConfigKey],
    queryFn: async ({ signal }) => {
      const { data } = await call<{ data: { display_name: string } }>('GET', address('/integrations/{providerConfigKey}', { providerConfigKey }), { environment, signal });
      return data;
    },
    staleTime: 60_000,
  });

/** The names of the connection's syncs, each once. */
export const syncsQuery = ({ environment, providerConfigKey, connectionId }: Connection) =>
  queryOptions({
    queryKey: ['connection', environment, providerConfigKey, connectionId, 'sync names'],
    queryFn: async ({ signal }) => {
      const { syncs } = await call<{ syncs: { name: string }[] }>('GET', '/sync/status', {
        environment,
        query: { syncs: '*', provider_config_key: providerConfigKey, connection_id: connectionId },
        signal,
      });
      return [...new Set(syncs.map(({ name }) => name))];
    },
    staleTime: 60_000,
  });

/** The customer's name, where the connection has one. */
export const customerQuery = ({ environment, providerConfigKey, connectionId }: Connection) =>
  queryOptions({
    queryKey: ['connection', environment, providerConfigKey, connectionId, 'name'],
    queryFn: async ({ signal }) => {
      const { connections } = await call<{ connections: { end_user?: { display_name?: string | null; email?: string | null } | null }[] }>('GET', '/connections', {
        environment,
        query: { connectionId, integrationId: providerConfigKey },
        signal,
      });
      const user = connections[0]?.end_user;
      return user?.display_name || user?.email || connectionId;
    },
    staleTime: 60_000,
  });

/** One revision with its document; 0 is what was before the first one. */
export async function revisionOf(at: Connection, revision: number): Promise<JsonObject> {
  if (revision < 1) return {};
  const found = await call<Revision>('GET', of(at, `/revisions/${revision}`), {
    environment: at.environment,
    query: { provider_config_key: at.providerConfigKey },
  });
  return found.metadata ?? {};
}

/** Asks what is wrong with a document, and writes nothing. */
export async function check(at: Connection, own: JsonObject, signal: AbortSignal): Promise<ServerProblem[]> {
  try {
    const answer = await call<Metadata>('PUT', of(at), {
      environment: at.environment,
      query: { provider_config_key: at.providerConfigKey, validate_only: true },
      body: own,
      signal,
    });
    return answer.problems;
  } catch (error) {
    // Where the schema is enforced, the refusal tells the problems.
    const problems = refused(error);
    if (problems) return problems;
    throw error;
  }
}

/** The problems that a refusal of the schema tells; undefined where it is another failure. */
export function refused(error: unknown): ServerProblem[] | undefined {
  if (!(error instanceof ApiError) || error.code !== 'invalid_metadata') return undefined;
  const payload = error.detail.payload as { problems?: ServerProblem[] } | undefined;
  return payload?.problems ?? [];
}

/** Writes a document where `revision` is still the newest. */
export function save(at: Connection, own: JsonObject, options: { revision: number; apply: Effect; reason?: string }) {
  return call<Metadata>('PUT', of(at), {
    environment: at.environment,
    query: { provider_config_key: at.providerConfigKey, apply: options.apply },
    headers: { 'if-match': `"${options.revision}"`, 'bespoke-reason': header(options.reason) },
    body: own,
  });
}

/** Makes an earlier revision the newest again. */
export function restore(at: Connection, number: number, options: { revision: number; apply: Effect; reason?: string }) {
  return call<Metadata>('POST', of(at, `/revisions/${number}/restore`), {
    environment: at.environment,
    query: { provider_config_key: at.providerConfigKey, apply: options.apply },
    headers: { 'if-match': `"${options.revision}"` },
    body: { reason: options.reason || null },
  });
}

/** Headers carry Latin-1 only; other letters are replaced rather than that nothing is sent. */
const header = (reason: string | undefined) => (reason ? reason.replace(/[\r\n]+/g, ' ').replace(/[^\x20-\xff]/g, '?') : undefined);

/** The customer's own fields for the value at `path`: asked of their system by the action that the schema names. */
export function optionsAt(at: Connection, path: string): Promise<Options> {
  return call<Options>('GET', of(at, '/options'), { environment: at.environment, query: { provider_config_key: at.providerConfigKey, path } });
}

/** Starts a preview; the answer's body is a stream of events. */
export function preview(at: Connection, body: { sync: string; metadata?: JsonObject; revision?: number }, signal: AbortSignal) {
  return send('POST', of(at, '/preview'), {
    environment: at.environment,
    query: { provider_config_key: at.providerConfigKey },
    headers: { accept: 'text/event-stream' },
    body,
    signal,
  });
}
