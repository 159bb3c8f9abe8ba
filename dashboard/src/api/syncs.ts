// The syncs of a connection: how they go, and what may be done with them.
import { queryOptions } from '@tanstack/react-query';
import type { At } from './connections';
import { address, call } from './call';
import type { Schemas } from './types';

export type SyncState = Schemas['SyncState'];
export type Counts = Record<string, { added: number; updated: number; deleted: number }>;

/** What a run asked for begins with. */
export type SyncMode = Schemas['SyncMode'];

/** A sync by name and variant. */
export interface SyncRef {
  name: string;
  variant: string;
}

const of = (at: At) => ({ provider_config_key: at.integration, connection_id: at.connection });
const key = (at: At) => [at.env, 'connections', 'syncs', at.integration, at.connection];

/** The syncs, asked for again every second while one of them runs. */
export const syncsQuery = (at: At) =>
  queryOptions({
    queryKey: key(at),
    queryFn: async ({ signal }) => {
      const query = { syncs: '*', ...of(at) };
      const { syncs } = await call<Schemas['SyncStatuses']>('GET', '/sync/status', { environment: at.env, query, signal });
      return syncs;
    },
    refetchInterval: ({ state }) => (state.data?.some((sync) => sync.status === 'RUNNING') ? 1000 : false),
  });

/** Runs syncs now; all of them where none is named. */
export const triggerSyncs = (at: At, syncs: SyncRef[], mode: SyncMode) =>
  call('POST', '/sync/trigger', {
    environment: at.env,
    body: {
      syncs,
      ...of(at),
      opts: { reset: mode !== 'incremental', emptyCache: mode === 'full_refresh_and_clear_cache' },
    },
  });

/** Turns the schedule of syncs off, and cancels their runs. */
export const pauseSyncs = (at: At, syncs: SyncRef[]) => call('POST', '/sync/pause', { environment: at.env, body: { syncs, ...of(at) } });

/** Turns the schedule of syncs on; those that were off run at once. */
export const startSyncs = (at: At, syncs: SyncRef[]) => call('POST', '/sync/start', { environment: at.env, body: { syncs, ...of(at) } });

/** Gives a sync its own frequency; `null` for that of its function again. */
export const setFrequency = (at: At, { name, variant }: SyncRef, frequency: string | null) =>
  call<{ frequency: string }>('PUT', '/sync/update-connection-frequency', {
    environment: at.env,
    body: { sync_name: name, sync_variant: variant, ...of(at), frequency },
  });

const variantPath = ({ name, variant }: SyncRef) => address('/sync/{name}/variant/{variant}', { name, variant });

export const createVariant = (at: At, sync: SyncRef) => call('POST', variantPath(sync), { environment: at.env, body: of(at) });

export const deleteVariant = (at: At, sync: SyncRef) => call('DELETE', variantPath(sync), { environment: at.env, body: of(at) });

/** The syncs that are deployed for the integration, with what their authors say of them. */
export const deployedSyncsQuery = (env: string, integration: string) =>
  queryOptions({
    queryKey: [env, 'connections', 'deployed', integration],
    queryFn: async ({ signal }) => {
      const path = address('/integrations/{integration}/functions', { integration });
      const query = { type: 'sync', limit: 100 };
      return (await call<Schemas['FunctionPage']>('GET', path, { environment: env, query, signal })).data;
    },
    staleTime: 60_000,
  });

/** A run of a sync, as far as the list of syncs tells of it. */
export type SyncRun = Omit<Schemas['Run'], 'error' | 'counts'> & { error?: { code?: string; message?: string } | null; counts: Counts };

/** The newest run of each sync, by the sync's id. While one goes on, they are asked for every second. */
export const lastRunsQuery = (at: At, isRunning: boolean) =>
  queryOptions({
    queryKey: [...key(at), 'runs'],
    queryFn: async ({ signal }) => {
      const query = { kind: 'sync', ...of(at), limit: 100 };
      const { runs } = await call<{ runs: SyncRun[] }>('GET', '/runs', { environment: at.env, query, signal });
      // Newest first: the first one of a sync is its last run.
      return Object.fromEntries(runs.toReversed().map((run) => [run.sync_id ?? '', run]));
    },
    refetchInterval: isRunning ? 1000 : false,
  });

/** Stops a run that is queued or goes on. */
export const stopRun = (at: At, id: string) => call('POST', address('/runs/{id}/cancel', { id }), { environment: at.env });
