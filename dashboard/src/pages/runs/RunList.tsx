import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Activity } from 'lucide-react';
import { useMemo, type ReactNode } from 'react';
import { runsQuery, type Run, type RunFilters } from '../../api/runs';
import { useEnvironment } from '../../shell/environment';
import { Status } from '../../ui/Badge';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { duration, Time } from '../../ui/Time';
import { VirtualTable, type VirtualColumn } from '../../ui/VirtualTable';
import { changes, kindWords, number, statusIcon, statusWords } from './words';

/** What a run did to the records, in signs and colours, with words for who cannot see them. */
export function Changes({ run }: { run: Run }) {
  const { added, updated, deleted } = changes(run);
  if (added + updated + deleted === 0) return <span className="text-ink3">–</span>;
  return (
    <span className="tabular space-x-2 whitespace-nowrap">
      {added > 0 && <span className="text-ok">+{number.format(added)}<span className="sr-only"> added</span></span>}
      {updated > 0 && <span className="text-ink2">~{number.format(updated)}<span className="sr-only"> updated</span></span>}
      {deleted > 0 && <span className="text-bad">−{number.format(deleted)}<span className="sr-only"> deleted</span></span>}
    </span>
  );
}

/** Runs, newest first. Also the Runs tab of a connection, which fixes integration and customer. */
export function RunList(props: { filters: RunFilters; onOpen: (id: string) => void; empty?: ReactNode; withoutCustomer?: boolean }) {
  const env = useEnvironment();
  const { onOpen, withoutCustomer } = props;
  // Their integration need not be said where it is chosen.
  const ofOne = props.filters.integration !== undefined;
  const query = useInfiniteQuery({ ...runsQuery(env, props.filters), placeholderData: keepPreviousData, refetchInterval: 10_000 });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.runs) ?? [], [query.data]);
  const columns = useMemo((): VirtualColumn<Run>[] => {
    const all: (VirtualColumn<Run> | false)[] = [
      {
        name: 'Function',
        cell: (run) => (
          <button type="button" onClick={() => onOpen(run.id)} className="block max-w-full truncate text-left font-medium after:absolute after:inset-0">
            {run.function}
            <span className="ml-2 text-hint font-normal text-ink3">{kindWords[run.kind] ?? run.kind}</span>
          </button>
        ),
      },
      {
        name: 'Status',
        className: 'justify-self-end md:justify-self-auto',
        cell: (run) => <Status state={statusIcon(run.status)}>{statusWords[run.status] ?? run.status}</Status>,
      },
      !withoutCustomer && {
        name: 'Customer',
        cell: (run) => (
          <span className="block truncate text-ink2">
            {run.connection_id} {!ofOne && <span className="text-hint text-ink3">{run.provider_config_key}</span>}
          </span>
        ),
      },
      { name: 'Asked for', className: 'text-ink2 justify-self-end md:justify-self-auto', cell: (run) => <Time at={run.created_at} /> },
      {
        name: 'Took',
        className: 'tabular text-ink2 max-md:hidden md:text-right',
        cell: (run) => (run.duration_ms === null || run.duration_ms === undefined ? <span className="text-ink3">–</span> : duration(run.duration_ms)),
      },
      { name: 'Records', className: 'max-md:hidden md:pl-4', cell: (run) => <Changes run={run} /> },
      {
        name: 'Configuration',
        className: 'max-md:hidden text-ink2',
        cell: (run) => (run.metadata_revision ? <span className="tabular">r{run.metadata_revision}</span> : <span className="text-ink3">–</span>),
      },
    ];
    return all.filter((column) => column !== false);
  }, [onOpen, withoutCustomer, ofOne]);
  if (query.isPending) return <Loading what="runs" lines={8} />;
  if (query.isError && !query.data) return <ErrorState title="The runs did not load" error={query.error} onRetry={() => void query.refetch()} />;
  if (rows.length === 0)
    return props.empty ?? <EmptyState icon={<Activity size={24} aria-hidden />} title="No runs yet">A run appears here when a sync is due, when an action is called, or when a webhook comes in.</EmptyState>;
  return (
    <VirtualTable
      label="Runs"
      grid={`grid-cols-[1fr_auto] ${withoutCustomer ? 'md:grid-cols-[minmax(0,1.4fr)_170px_110px_70px_120px_90px]' : 'md:grid-cols-[minmax(0,1.3fr)_170px_minmax(0,1.3fr)_110px_70px_110px_90px]'}`}
      columns={columns}
      rows={rows}
      rowKey={(run) => run.id}
      onEnd={() => {
        if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
      }}
      loadingMore={query.isFetchingNextPage}
    />
  );
}
