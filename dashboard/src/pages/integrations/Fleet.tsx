import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Users } from 'lucide-react';
import { useCallback, useMemo, useState } from 'react';
import { at, brief, fleetQuery, type PathReport } from '../../api/fleet';
import { connectionsQuery } from '../../api/connections';
import { defaultsQuery } from '../../api/integrations';
import { useCan } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { number, plural } from '../runs/words';
import { Bulk } from './Bulk';
import { ColumnDrawer } from './ColumnDrawer';
import { FleetFilters } from './FleetFilters';
import { filterOf, isCut, type FleetSearch } from './fleetSearch';
import { useIntegration } from './IntegrationPage';
import { Matrix } from './Matrix';
import { Promote } from './Promote';

/** More columns than this nobody reads; a search of the paths finds the others. */
const COLUMNS = 30;

/** A value that so many share is offered as the default. */
const SHARED = 0.9;

/** What a person may be told of a value that nearly all have. */
function common(paths: PathReport[], customers: number, defaults: unknown): { path: string; value: unknown; share: number } | undefined {
  for (const { path, values } of paths) {
    const [first] = values;
    if (!first || customers < 3 || first.count / customers < SHARED) continue;
    if (typeof first.value === 'object' && first.value !== null && !Array.isArray(first.value)) continue;
    if (JSON.stringify(at(defaults, path)) !== JSON.stringify(first.value)) return { path, value: first.value, share: first.count / customers };
  }
  return undefined;
}

/** Customers by configuration: who sets what, who is out of line, and changes of many. */
export default function Fleet() {
  const { env, key } = useIntegration();
  const can = useCan();
  const search = useSearch({ from: '/app/$env/integrations/$key/fleet' });
  const navigate = useNavigate();
  const change = useCallback(
    (part: Partial<FleetSearch>) =>
      void navigate({
        to: '/app/$env/integrations/$key/fleet',
        params: { env, key },
        search: { ...search, ...part },
        replace: !('column' in part),
      }),
    [env, key, search, navigate],
  );
  const filter = useMemo(() => filterOf(search), [search]);
  const report = useQuery({ ...fleetQuery(env, key, { ...filter, search: undefined }), placeholderData: keepPreviousData });
  const list = useInfiniteQuery(connectionsQuery(env, { ...filter, integration: key }));
  const { data: defaults = {} } = useQuery(defaultsQuery(env, key));
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [bulk, setBulk] = useState<{ path?: string }>();
  const [promoted, setPromoted] = useState<{ path: string; value: unknown }>();
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.data) ?? [], [list.data]);
  const more = useCallback(() => {
    if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
  }, [list]);
  if (report.isPending || list.isPending) return <Loading what="what the customers have set" lines={10} />;
  if (report.isError) return <ErrorState title="The fleet did not load" error={report.error} onRetry={() => void report.refetch()} />;
  if (list.isError) return <ErrorState title="The customers did not load" error={list.error} onRetry={() => void list.refetch()} />;
  const { paths, reads, connections } = report.data;
  const sought = paths.filter(({ path }) => path.toLowerCase().includes((search.path ?? '').toLowerCase()));
  const matched = list.data.pages[0]?.matched ?? rows.length;
  const cut = isCut(filter);
  const writes = can('environment:connections:update');
  const hint = cut ? undefined : common(paths, connections, defaults);
  const column = paths.find(({ path }) => path === search.column);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="space-y-3 px-6 pt-4 pb-3 max-md:px-5">
        <FleetFilters search={search} paths={paths} onChange={change} />
        {hint && can('environment:integrations:update') && (
          <p className="flex flex-wrap items-center gap-x-2 gap-y-1 rounded-control bg-accent-soft px-3 py-1.5 text-accent-text">
            <span>
              <b className="font-medium">{Math.round(hint.share * 100)} %</b> share <code className="text-[12px]">{hint.path}</code> ={' '}
              <code className="text-[12px]">{brief(hint.value)}</code>
            </span>
            <Button size="small" className="ml-auto" onClick={() => setPromoted(hint)}>
              Make it the default…
            </Button>
          </p>
        )}
        <div className="flex min-h-7 flex-wrap items-center gap-x-4 gap-y-1 text-ink2">
          <span role="status" className="tabular">
            {cut ? `${number.format(matched)}${list.data.pages[0]?.matched_is_exact === false ? '+' : ''} of ${plural(list.data.pages[0]?.total ?? matched, 'customer')}` : plural(matched, 'customer')}
            {report.data.invalid > 0 && <span className="text-bad"> · {report.data.invalid} invalid</span>}
            {report.data.outdated > 0 && <span className="text-warn"> · {report.data.outdated} outdated</span>}
          </span>
          <Legend />
          {writes && (
            <span className="ml-auto flex items-center gap-2">
              {selected.size > 0 && (
                <Button look="quiet" size="small" onClick={() => setSelected(new Set())}>
                  Clear selection
                </Button>
              )}
              {(selected.size > 0 || cut) && matched > 0 && (
                <Button size="small" onClick={() => setBulk({})}>
                  Change {selected.size > 0 ? plural(selected.size, 'selected customer') : `all ${plural(matched, 'customer')} that fit`}…
                </Button>
              )}
            </span>
          )}
        </div>
      </div>
      {rows.length === 0 ? (
        cut ? (
          <EmptyState
            title="No customer fits these filters"
            action={<Button onClick={() => change({ search: undefined, status: undefined, tag: undefined, where: undefined, op: undefined, value: undefined })}>Clear filters</Button>}
          />
        ) : (
          <EmptyState icon={<Users size={24} aria-hidden />} title="No customers yet">
            What each customer of this integration has configured appears here.
          </EmptyState>
        )
      ) : (
        <Matrix
          rows={rows}
          paths={sought.slice(0, COLUMNS)}
          onEnd={more}
          onColumn={(path) => change({ column: path })}
          selected={writes ? selected : undefined}
          onSelect={setSelected}
        />
      )}
      {sought.length > COLUMNS && <p className="border-t px-6 py-1.5 text-hint text-ink3">The {COLUMNS} most used paths of {sought.length}. Search for another one above.</p>}
      <ColumnDrawer
        path={search.column}
        report={column}
        customers={connections}
        reads={reads}
        inherited={at(defaults, search.column ?? '')}
        onClose={() => change({ column: undefined })}
        onFilter={(value) => change({ column: undefined, where: search.column, op: 'is', value: typeof value === 'string' ? value : JSON.stringify(value) })}
        onPromote={can('environment:integrations:update') && can('environment:connections:update') ? (value) => setPromoted({ path: search.column!, value }) : undefined}
      />
      {promoted && (
        <Promote
          path={promoted.path}
          value={promoted.value}
          onClose={() => setPromoted(undefined)}
          onShowUnset={() => {
            setPromoted(undefined);
            change({ column: undefined, where: promoted.path, op: 'unset', value: undefined });
          }}
        />
      )}
      {bulk && (
        <Bulk
          filter={filter}
          selected={[...selected]}
          paths={paths.map(({ path }) => path)}
          count={selected.size || matched}
          onClose={(changed) => {
            setBulk(undefined);
            if (changed) setSelected(new Set());
          }}
        />
      )}
    </div>
  );
}

/** What the signs in the cells mean. */
function Legend() {
  return (
    <span className="flex flex-wrap gap-x-3 text-hint text-ink3">
      <span>
        <span className="text-accent-text" aria-hidden>
          ●
        </span>{' '}
        this customer
      </span>
      <span>
        <span aria-hidden>·</span> inherits
      </span>
      <span>
        <span className="text-bad" aria-hidden>
          ✗
        </span>{' '}
        invalid
      </span>
    </span>
  );
}
