import { infiniteQueryOptions } from '@tanstack/react-query';
import { call, send } from './call';
import { from, type LogLine } from './runs';
import { serverEvents } from './stream';

/** Which lines; what is missing does not matter. */
export interface LogFilters {
  integration?: string;
  customer?: string;
  function?: string;
  run?: string;
  kind?: string;
  level?: string;
  since?: string;
  query?: string;
}

const query = (filters: LogFilters) => ({
  provider_config_key: filters.integration,
  connection_id: filters.customer,
  function: filters.function,
  run_id: filters.run,
  kind: filters.kind,
  level: filters.level,
  query: filters.query,
});

/** Lines of the log, newest first, page by page. */
export const logsQuery = (environment: string, filters: LogFilters) =>
  infiniteQueryOptions({
    queryKey: ['logs', environment, filters],
    queryFn: ({ pageParam, signal }) =>
      call<{ logs: LogLine[]; next_cursor?: string | null }>('GET', '/logs', {
        environment,
        signal,
        query: { ...query(filters), from: from(filters.since), limit: 200, cursor: pageParam },
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** Tells `onLine` of the newest lines, oldest first, and then of each that is written, until `signal` aborts. */
export async function followLogs(environment: string, filters: LogFilters, onLine: (line: LogLine) => void, signal: AbortSignal) {
  const response = await send('GET', '/logs', {
    environment,
    signal,
    query: { ...query(filters), follow: true, limit: 100 },
    headers: { accept: 'text/event-stream' },
  });
  for await (const { data } of serverEvents(response)) {
    if (data && typeof data === 'object' && 'message' in data && 'time' in data) onLine(data as LogLine);
  }
}
