import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { address, call } from './call';
import type { Report } from './dryRuns';
import type { Schemas } from './types';

/** A log line, with what it is about. */
export type LogLine = Schemas['Log'];

export interface RunError {
  code?: string;
  message?: string;
  stack?: string;
  payload?: unknown;
  upstream?: unknown;
}

export type Run = Omit<Schemas['Run'], 'error' | 'counts'> & {
  error?: RunError | null;
  counts: Record<string, { added?: number; updated?: number; deleted?: number }>;
};

export type RunDetail = Run & {
  configuration?: Schemas['RunConfiguration'] | null;
  logs: LogLine[];
  has_more_logs: boolean;
};

/** Which runs; what is missing does not matter. */
export interface RunFilters {
  integration?: string;
  customer?: string;
  function?: string;
  kind?: string;
  status?: string;
  /** A span until now: see `sinces`. */
  since?: string;
  query?: string;
  /** The revision of the customer's configuration that they had. */
  revision?: number;
}

/** Spans that lists of runs and of log lines can be cut to, in minutes. */
export const sinces: Record<string, number> = { '15m': 15, '1h': 60, '24h': 1440, '7d': 10_080, '30d': 43_200 };

/** When the span `since` began. */
export function from(since: string | undefined): string | undefined {
  const minutes = sinces[since ?? ''];
  return minutes === undefined ? undefined : new Date(Date.now() - minutes * 60_000).toISOString();
}

interface Page {
  runs: Run[];
  next_cursor?: string | null;
}

/** Runs, newest first, page by page. */
export const runsQuery = (environment: string, filters: RunFilters) =>
  infiniteQueryOptions({
    queryKey: ['runs', environment, filters],
    queryFn: ({ pageParam, signal }) =>
      call<Page>('GET', '/runs', {
        environment,
        signal,
        query: {
          provider_config_key: filters.integration,
          connection_id: filters.customer,
          function: filters.function,
          kind: filters.kind,
          status: filters.status,
          from: from(filters.since),
          query: filters.query,
          // Each connection counts its own.
          metadata_revision: filters.customer ? filters.revision : undefined,
          limit: 50,
          cursor: pageParam,
        },
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

const going = (run: Run) => run.status === 'queued' || run.status === 'running';

/** One run with its log; asked for again while it goes on. */
export const runQuery = (environment: string, id: string) =>
  queryOptions({
    queryKey: ['runs', environment, 'one', id],
    queryFn: ({ signal }) => call<RunDetail>('GET', address('/runs/{id}', { id }), { environment, signal }),
    refetchInterval: ({ state }) => (state.data && going(state.data) ? 1500 : false),
  });

export const cancelRun = (environment: string, id: string) =>
  call<Run>('POST', address('/runs/{id}/cancel', { id }), { environment });

/** The newest run of a function for a customer. */
export async function newestRun(environment: string, of: { integration: string; customer: string; function: string }, signal?: AbortSignal) {
  const { runs } = await call<Page>('GET', '/runs', {
    environment,
    signal,
    query: { provider_config_key: of.integration, connection_id: of.customer, function: of.function, limit: 1 },
  });
  return runs[0];
}

/** The newest run of a function for anybody; null where it never ran. */
export const lastRunQuery = (environment: string, of: { integration: string; function: string; kind: string }) =>
  queryOptions({
    queryKey: ['runs', environment, 'last', of],
    queryFn: async ({ signal }) => {
      const query = { provider_config_key: of.integration, function: of.function, kind: of.kind, limit: 1 };
      return (await call<Page>('GET', '/runs', { environment, signal, query })).runs[0] ?? null;
    },
  });

export type Revision = Schemas['Revision'];

/** The revisions of a customer's configuration, newest first: the first page. */
export const revisionsQuery = (environment: string, integration: string, customer: string) =>
  queryOptions({
    queryKey: ['revisions', environment, integration, customer, 'newest'],
    queryFn: async ({ signal }) =>
      call<{ revisions: Revision[] }>('GET', address('/connections/{customer}/metadata/revisions', { customer }), {
        environment,
        signal,
        query: { provider_config_key: integration, limit: 100 },
      }),
  });

/** Runs a deployed function with an earlier configuration, or the one that counts now, and writes nothing. */
export const preview = async (
  environment: string,
  of: { integration: string; customer: string; kind: string; function: string; revision?: number; input?: unknown },
  signal?: AbortSignal,
) => {
  const report = await call<Report>('POST', address('/connections/{customer}/metadata/preview', { customer: of.customer }), {
    environment,
    signal,
    query: { provider_config_key: of.integration },
    body: {
      [of.kind === 'sync' ? 'sync' : 'action']: of.function,
      revision: of.revision,
      ...(of.kind === 'sync' ? {} : { input: of.input }),
    },
  });
  // What a sync returns is for nobody.
  return of.kind === 'sync' ? { ...report, output: null } : report;
};
