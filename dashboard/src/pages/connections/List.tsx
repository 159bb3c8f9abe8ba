import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Cable, Plus, SearchX } from 'lucide-react';
import { connectionsQuery, integrationNamesQuery } from '../../api/connections';
import { useCan } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Select } from '../../ui/Select';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { Filters } from './Filters';
import { NewConnection } from './NewConnection';
import { Rows } from './Rows';
import { chips, filterOf, type ListSearch } from './search';
import { count, healthWords } from './words';

/** All connections of an environment: searched, filtered, and how each goes. */
export function List() {
  const { env } = useParams({ from: '/app/$env/connections/' });
  const search = useSearch({ from: '/app/$env/connections/' });
  const navigate = useNavigate({ from: '/app/$env/connections/' });
  const can = useCan();
  const list = useInfiniteQuery(connectionsQuery(env, filterOf(search)));
  const { data: integrations = [] } = useQuery(integrationNamesQuery(env));
  const names = new Map(integrations.map((one) => [one.unique_key, one.display_name]));
  const first = list.data?.pages[0];
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const change = (next: ListSearch) => void navigate({ search: next, replace: true });
  const isFiltered = Boolean(search.q) || chips(search, integrations, healthWords).length > 0;
  const mayCreate = can('environment:connections:create');
  const create = (
    <Button look="primary" icon={<Plus size={15} aria-hidden />} onClick={() => void navigate({ search: { ...search, new: true } })}>
      New connection
    </Button>
  );
  return (
    <div className="flex min-h-0 flex-1 flex-col bg-surface">
      <header className="flex items-center gap-3 px-6 pt-5 pb-1 max-md:px-5">
        <h1 className="flex-1 text-list-page font-semibold">Connections</h1>
        {mayCreate && create}
      </header>
      <Filters env={env} search={search} onChange={change}>
        <Select
          label="Sort"
          inline
          value={search.sort ?? 'newest'}
          options={[
            { value: 'newest', label: 'Newest first' },
            { value: 'status', label: 'Worst first' },
          ]}
          onChange={(sort) => change({ ...search, sort: sort === 'status' ? 'status' : undefined })}
        />
        {first && (
          <span role="status" className="tabular whitespace-nowrap">
            {isFiltered ? `${count(first.matched)}${first.matched_is_exact ? '' : '+'} of ${count(first.total)}` : count(first.total)}
            <span className="sr-only"> connections</span>
          </span>
        )}
      </Filters>
      {list.isPending && <Loading what="connections" lines={8} />}
      {list.isError && !first && <ErrorState title="The connections did not load" error={list.error} onRetry={() => void list.refetch()} />}
      {first && rows.length === 0 && !isFiltered && (
        <EmptyState icon={<Cable size={22} aria-hidden />} title="No connections yet" action={mayCreate ? create : undefined}>
          Create one here, or let customers connect with the SDK.
        </EmptyState>
      )}
      {first && rows.length === 0 && isFiltered && (
        <EmptyState
          icon={<SearchX size={22} aria-hidden />}
          title={emptyTitle(search, chips(search, integrations, healthWords).map((chip) => chip.text))}
          action={<Button onClick={() => change({ sort: search.sort })}>Clear filters</Button>}
        />
      )}
      {rows.length > 0 && (
        <Rows
          env={env}
          rows={rows}
          names={names}
          matched={first?.matched ?? rows.length}
          hasMore={list.hasNextPage}
          onEnd={() => !list.isFetchingNextPage && void list.fetchNextPage()}
          dimmed={list.isPlaceholderData}
        />
      )}
      {search.new && mayCreate && <NewConnection env={env} integration={search.integration} onClose={() => change({ ...search, new: undefined })} />}
    </div>
  );
}

/** "No connection has fieldMapping.stage is x." */
function emptyTitle({ q }: ListSearch, filters: string[]): string {
  const parts = [q && `“${q}”`, ...filters].filter(Boolean);
  return `No connection fits ${parts.join(', ')}`;
}
