// What syncs saved for a connection.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { At } from './connections';
import { call } from './call';

/** A model that a connection has records of. */
export interface ModelCount {
  model: string;
  variant: string;
  count: number;
  deleted: number;
}

export type Action = 'added' | 'updated' | 'deleted';

export interface RecordMetadata {
  first_seen_at: string;
  last_modified_at: string;
  last_action: 'ADDED' | 'UPDATED' | 'DELETED';
  deleted_at: string | null;
  pruned_at: string | null;
  cursor: string;
  /** The revision of the configuration that the run had which last wrote it. */
  metadata_revision?: number | null;
}

export type StoredRecord = { id: string; _nango_metadata: RecordMetadata } & Record<string, unknown>;

/** Which records. */
export interface RecordFilter {
  model: string;
  variant: string;
  action?: Action;
  ids?: string[];
  /** The revision of the configuration that they were last written under. */
  revision?: number;
}

const headers = (at: At) => ({ 'provider-config-key': at.integration, 'connection-id': at.connection });

export const modelsQuery = (at: At) =>
  queryOptions({
    queryKey: [at.env, 'connections', 'models', at.integration, at.connection],
    queryFn: async ({ signal }) => {
      const query = { provider_config_key: at.integration, connection_id: at.connection };
      return (await call<{ data: ModelCount[] }>('GET', '/records/models', { environment: at.env, query, signal })).data;
    },
  });

/** Records, oldest change first, page by page. */
export const recordsQuery = (at: At, { model, variant, action, ids, revision }: RecordFilter) =>
  infiniteQueryOptions({
    queryKey: [at.env, 'connections', 'records', at.integration, at.connection, { model, variant, action, ids, revision }],
    queryFn: ({ pageParam, signal }) =>
      call<{ records: StoredRecord[]; next_cursor: string | null }>('GET', '/records', {
        environment: at.env,
        headers: headers(at),
        query: {
          model,
          variant,
          filter: action,
          include_revision: true,
          metadata_revision: revision,
          limit: 100,
          cursor: pageParam,
          ...Object.fromEntries((ids ?? []).map((id, index) => [`ids[${index}]`, id])),
        },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

/** One record, for an address that names it. */
export const recordQuery = (at: At, { model, variant }: RecordFilter, id: string) =>
  queryOptions({
    queryKey: [at.env, 'connections', 'records', at.integration, at.connection, 'one', model, variant, id],
    queryFn: async ({ signal }) => {
      const query = { model, variant, 'ids[0]': id, include_revision: true };
      const page = await call<{ records: StoredRecord[] }>('GET', '/records', { environment: at.env, headers: headers(at), query, signal });
      return page.records[0] ?? null;
    },
    enabled: id !== '' && model !== '',
  });

/** A change of a record's field. What it had before is missing where it was added, what it has after where it was removed. */
export interface FieldChange {
  /** "/email" */
  path: string;
  before?: unknown;
  after?: unknown;
}

/** What a run did to a record. */
export interface RecordVersion {
  changed_at: string;
  action: RecordMetadata['last_action'];
  run_id: string | null;
  metadata_revision: number | null;
  changes: FieldChange[];
}

/** What happened to a record, the newest first. */
export const versionsQuery = (at: At, { model, variant }: RecordFilter, id: string) =>
  queryOptions({
    queryKey: [at.env, 'connections', 'records', at.integration, at.connection, 'versions', model, variant, id],
    queryFn: async ({ signal }) => {
      const answer = await call<{ data: RecordVersion[] }>('GET', '/records/versions', { environment: at.env, headers: headers(at), query: { model, variant, id }, signal });
      return answer.data;
    },
  });
