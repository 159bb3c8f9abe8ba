import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { ScrollText } from 'lucide-react';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { followLogs, logsQuery, type LogFilters } from '../../api/logs';
import type { LogLine } from '../../api/runs';
import { useEnvironment } from '../../shell/environment';
import { Badge, type Tone } from '../../ui/Badge';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { duration } from '../../ui/Time';
import { VirtualTable, type VirtualColumn } from '../../ui/VirtualTable';

/** A tail keeps this many lines; older ones are in the list without tail. */
const KEPT = 2000;

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const tones: Record<string, Tone> = { error: 'bad', warn: 'warn', info: 'neutral', debug: 'neutral' };

/** When a line was written, to the millisecond. */
export function Clock({ at }: { at: string }) {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  return (
    <time dateTime={at} className="tabular font-mono text-[11.5px] whitespace-nowrap text-ink3">
      {isToday ? '' : `${day.format(date)} `}
      {clock.format(date)}
    </time>
  );
}

export function Level({ level }: { level: string }) {
  return <Badge tone={tones[level] ?? 'neutral'}>{level}</Badge>;
}

/** What a line says; a request with its status and time. */
export function Message({ line }: { line: LogLine }) {
  return (
    <span className="font-mono text-[12px] break-words">
      {line.http ? (
        <>
          <b className="font-medium">{line.http.method}</b> {line.http.url}{' '}
          <span className={line.http.status && line.http.status < 400 ? 'text-ok' : 'text-bad'}>{line.http.status ?? line.http.error_code ?? 'no answer'}</span>{' '}
          <span className="text-ink3">{duration(line.http.duration_ms)}</span>
        </>
      ) : (
        line.message
      )}
    </span>
  );
}

/** Lines of the log: newest first, or with `tail` as they are written, at the end. */
export function LogList(props: { filters: LogFilters; tail?: boolean; onOpenRun: (id: string) => void; empty?: ReactNode }) {
  const { onOpenRun } = props;
  const columns = useMemo(
    (): VirtualColumn<LogLine>[] => [
      { name: 'Time', className: 'self-start', cell: (line) => <Clock at={line.time} /> },
      { name: 'Level', className: 'self-start justify-self-end md:justify-self-auto', cell: (line) => <Level level={line.level} /> },
      {
        name: 'Function',
        className: 'self-start truncate',
        cell: (line) =>
          line.run_id ? (
            <button type="button" onClick={() => onOpenRun(line.run_id!)} className="max-w-full truncate text-left text-accent-text hover:underline">
              {line.function ?? 'Run'}
            </button>
          ) : (
            (line.function ?? <span className="text-ink3">–</span>)
          ),
      },
      {
        name: 'Customer',
        className: 'self-start truncate text-ink2 justify-self-end md:justify-self-auto max-w-full',
        cell: (line) => line.connection_id ?? <span className="text-ink3">–</span>,
      },
      { name: 'Message', className: 'col-span-2 md:col-span-1', cell: (line) => <Message line={line} /> },
    ],
    [onOpenRun],
  );
  const shared = {
    label: 'Lines of the log',
    columns,
    rowKey: (line: LogLine) => line.id,
    estimate: 40,
    grid: 'grid-cols-[minmax(0,1fr)_minmax(0,auto)] md:grid-cols-[92px_64px_150px_130px_minmax(0,1fr)]',
  };
  return props.tail ? <Tail {...props} table={shared} /> : <Past {...props} table={shared} />;
}

type Table = Omit<Parameters<typeof VirtualTable<LogLine>>[0], 'rows'>;

function Past({ filters, empty, table }: { filters: LogFilters; empty?: ReactNode; table: Table }) {
  const env = useEnvironment();
  const query = useInfiniteQuery({ ...logsQuery(env, filters), placeholderData: keepPreviousData });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.logs) ?? [], [query.data]);
  if (query.isPending) return <Loading what="the log" lines={8} />;
  if (query.isError && !query.data) return <ErrorState title="The log did not load" error={query.error} onRetry={() => void query.refetch()} />;
  if (rows.length === 0)
    return empty ?? <EmptyState icon={<ScrollText size={24} aria-hidden />} title="The log is empty">Runs, their HTTP calls and what functions say are written here.</EmptyState>;
  return (
    <VirtualTable
      {...table}
      rows={rows}
      onEnd={() => {
        if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
      }}
      loadingMore={query.isFetchingNextPage}
    />
  );
}

function Tail({ filters, table }: { filters: LogFilters; table: Table }) {
  const env = useEnvironment();
  const [lines, setLines] = useState<LogLine[]>([]);
  const [error, setError] = useState<unknown>();
  const key = JSON.stringify(filters);
  useEffect(() => {
    const stop = new AbortController();
    let again: ReturnType<typeof setTimeout> | undefined;
    // Lines come in bursts; one render for each burst.
    let waiting: LogLine[] = [];
    let frame = 0;
    const show = () => {
      frame = 0;
      const fresh = waiting;
      waiting = [];
      setLines((old) => {
        const known = new Set(old.slice(-200).map((line) => line.id));
        return [...old, ...fresh.filter((line) => !known.has(line.id))].slice(-KEPT);
      });
    };
    const follow = async () => {
      try {
        await followLogs(
          env,
          JSON.parse(key) as LogFilters,
          (line) => {
            setError(undefined);
            waiting.push(line);
            frame ||= requestAnimationFrame(show);
          },
          stop.signal,
        );
      } catch (cause) {
        if (stop.signal.aborted) return;
        setError(cause);
      }
      // The server ends the stream when it restarts.
      if (!stop.signal.aborted) again = setTimeout(() => void follow(), 2000);
    };
    setLines([]);
    void follow();
    return () => {
      stop.abort();
      clearTimeout(again);
      cancelAnimationFrame(frame);
    };
  }, [env, key]);
  if (error !== undefined && lines.length === 0) return <ErrorState title="The log cannot be followed" error={error} />;
  if (lines.length === 0) return <EmptyState title="Waiting for lines">They appear here as they are written.</EmptyState>;
  return (
    <>
      {error !== undefined && (
        <p role="alert" className="border-b bg-warn-soft px-6 py-1.5 text-warn">
          The connection was lost. Trying again.
        </p>
      )}
      <VirtualTable {...table} rows={lines} stick />
    </>
  );
}
