import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Database, Search, SearchX } from 'lucide-react';
import { modelsQuery, recordsQuery, type Action, type ModelCount } from '../../api/records';
import { useSearchShortcut } from '../../shell/keys';
import { Button } from '../../ui/Button';
import { FilterChips } from '../../ui/FilterChips';
import { Segmented } from '../../ui/Segmented';
import { Select } from '../../ui/Select';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { TypedFilter } from '../../ui/TypedFilter';
import { useAt } from './ConnectionPage';
import { RecordPanel } from './RecordPanel';
import { RecordTable } from './RecordTable';
import { idsOf, type RecordsSearch } from './recordsSearch';
import { count } from './words';

const from = '/app/$env/connections/$integration/$connection/records';
const base = 'base';

/** What syncs saved for the connection, model by model. */
export function Records() {
  const at = useAt();
  const search = useSearch({ from });
  const navigate = useNavigate({ from });
  const models = useQuery(modelsQuery(at));
  const model = search.model ?? models.data?.[0]?.model;
  const variant = search.variant ?? (search.model ? base : (models.data?.[0]?.variant ?? base));
  const change = (next: RecordsSearch, replace = true) => void navigate({ search: next, replace });
  if (models.isPending) return <Loading what="models" />;
  if (models.isError && !models.data) return <ErrorState title="The models did not load" error={models.error} onRetry={() => void models.refetch()} />;
  if (!model || models.data?.length === 0) {
    return (
      <EmptyState
        icon={<Database size={22} aria-hidden />}
        title="No records yet"
        action={
          <Link to="/app/$env/connections/$integration/$connection/syncs" params={at} className="font-medium text-accent-text hover:underline">
            Go to syncs
          </Link>
        }
      >
        Records appear here once a sync has saved some.
      </EmptyState>
    );
  }
  return (
    <div className="grid min-h-0 flex-1 grid-cols-[212px_minmax(0,1fr)] max-lg:flex max-lg:flex-col">
      <Models at={at} models={models.data ?? []} model={model} variant={variant} search={search} onChange={change} />
      <ModelRecords key={`${model} ${variant}`} model={model} variant={variant} search={search} onChange={change} />
    </div>
  );
}

interface ChooseProps {
  search: RecordsSearch;
  onChange: (search: RecordsSearch, replace?: boolean) => void;
}

/** The models, left of their records; on a narrow page above them. */
function Models({ at, models, model, variant, search, onChange }: ChooseProps & { at: ReturnType<typeof useAt>; models: ModelCount[]; model: string; variant: string }) {
  const label = (one: ModelCount) => (one.variant === base ? one.model : `${one.model} (${one.variant})`);
  const searchOf = (one: ModelCount): RecordsSearch => ({ model: one.model, variant: one.variant === base ? undefined : one.variant, action: search.action, revision: search.revision });
  const id = (one: { model: string; variant: string }) => `${one.model} ${one.variant}`;
  return (
    <>
      <nav aria-label="Models" className="overflow-y-auto border-r bg-canvas p-2.5 max-lg:hidden">
        <ul className="flex flex-col gap-0.5">
          {models.map((one) => {
            const isHere = one.model === model && one.variant === variant;
            return (
              <li key={id(one)}>
                <Link
                  from={from}
                  to={from}
                  params={at}
                  search={searchOf(one)}
                  aria-current={isHere ? 'page' : undefined}
                  className={`flex items-baseline justify-between gap-2 rounded-control px-2 py-1.5 hover:bg-hover ${isHere ? 'bg-hover font-medium' : 'text-ink2'}`}
                >
                  <span className="min-w-0 truncate">{label(one)}</span>
                  <span className="tabular text-hint text-ink3">{count(one.count)}</span>
                </Link>
              </li>
            );
          })}
        </ul>
      </nav>
      <div className="px-6 pt-3 lg:hidden max-md:px-5">
        <Select
          label="Model"
          className="w-full"
          value={id({ model, variant })}
          options={models.map((one) => ({ value: id(one), label: `${label(one)}, ${count(one.count)}` }))}
          onChange={(chosen) => {
            const one = models.find((other) => id(other) === chosen);
            if (one) onChange(searchOf(one), false);
          }}
        />
      </div>
    </>
  );
}

function ModelRecords({ model, variant, search, onChange }: ChooseProps & { model: string; variant: string }) {
  const at = useAt();
  const ids = idsOf(search.ids);
  const filter = { model, variant, action: search.action, ids: ids.length ? ids : undefined, revision: search.revision };
  const input = useSearchShortcut();
  const list = useInfiniteQuery(recordsQuery(at, filter));
  const records = list.data?.pages.flatMap((page) => page.records) ?? [];
  const isFiltered = Boolean(search.action) || ids.length > 0 || search.revision !== undefined;
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b px-6 py-2 max-md:px-5">
        <TypedFilter
          label="Find records by id"
          placeholder="Find ids: 101, 102"
          shortcut="/"
          inputRef={input}
          icon={<Search size={14} aria-hidden />}
          className="w-64 max-md:w-full"
          value={search.ids}
          onChange={(typed) => onChange({ ...search, ids: typed })}
        />
        <div className="max-w-full overflow-x-auto">
          <Segmented<Action | 'all'>
            label="What happened last"
            value={search.action ?? 'all'}
            options={[
              { value: 'all', label: 'All' },
              { value: 'added', label: 'Added' },
              { value: 'updated', label: 'Updated' },
              { value: 'deleted', label: 'Deleted' },
            ]}
            onChange={(action) => onChange({ ...search, action: action === 'all' ? undefined : action })}
          />
        </div>
        {search.revision !== undefined && (
          <FilterChips chips={[{ key: 'revision', text: `Written under revision ${search.revision}`, onRemove: () => onChange({ ...search, revision: undefined }) }]} />
        )}
      </div>
      {list.isPending && <Loading what="records" lines={8} />}
      {list.isError && records.length === 0 && <ErrorState title="The records did not load" error={list.error} onRetry={() => void list.refetch()} />}
      {list.data && records.length === 0 && (
        <EmptyState
          icon={<SearchX size={22} aria-hidden />}
          title={isFiltered ? emptyTitle(model, search) : `No ${model} is stored`}
          action={isFiltered ? <Button onClick={() => onChange({ model: search.model, variant: search.variant })}>Clear filters</Button> : undefined}
        />
      )}
      {records.length > 0 && (
        <RecordTable
          label={model}
          records={records}
          hasMore={list.hasNextPage}
          onEnd={() => !list.isFetchingNextPage && void list.fetchNextPage()}
          onOpen={(record) => onChange({ ...search, record }, false)}
          dimmed={list.isPlaceholderData}
        />
      )}
      <RecordPanel
        at={at}
        model={model}
        variant={variant}
        id={search.record}
        known={records.find((record) => record.id === search.record)}
        onClose={() => onChange({ ...search, record: undefined })}
      />
    </div>
  );
}

function emptyTitle(model: string, { action, ids, revision }: RecordsSearch): string {
  const parts = [action && `was ${action} last`, ids && `has the id ${ids}`, revision !== undefined && `was last written under revision ${revision}`].filter(Boolean);
  return `No ${model} ${parts.join(' and ')}`;
}
