import { useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import { integrationsQuery } from '../../api/integrations';
import { useEnvironment } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { FilterChips } from '../../ui/FilterChips';
import { Select } from '../../ui/Select';
import { TypedFilter } from '../../ui/TypedFilter';
import type { RunsSearch } from './search';
import { kindWords, statusWords } from './words';

const any = { value: '', label: 'Any' };
const options = (words: Record<string, string>, names: string[]) => [any, ...names.map((value) => ({ value, label: words[value] ?? value }))];

/** What the list is cut to. All of it is in the address. */
export function Filters({ search, onChange }: { search: RunsSearch; onChange: (change: Partial<RunsSearch>) => void }) {
  const env = useEnvironment();
  const { data: integrations = [] } = useQuery(integrationsQuery(env));
  const logs = search.view === 'logs';
  const isCut = Object.keys(noFilters).some((name) => search[name as keyof RunsSearch]);
  return (
    <div role="search" aria-label={logs ? 'Filter lines' : 'Filter runs'} className="flex flex-wrap items-center gap-2">
      <TypedFilter
        label={logs ? 'Words in the line' : 'Words in the log'}
        icon={<Search size={14} aria-hidden />}
        className="w-full sm:w-52"
        value={search.query}
        onChange={(query) => onChange({ query })}
      />
      <Select
        inline
        label="Integration"
        value={search.integration ?? ''}
        options={[any, ...integrations.map(({ unique_key, display_name }) => ({ value: unique_key, label: display_name, hint: unique_key }))]}
        onChange={(integration) => onChange({ integration: integration || undefined })}
      />
      <TypedFilter label="Customer's id" value={search.customer} onChange={(customer) => onChange({ customer, revision: undefined })} className="w-36" />
      <TypedFilter label="Function" value={search.function} onChange={(value) => onChange({ function: value })} className="w-36" />
      {logs ? (
        <>
          <Select
            inline
            label="Level"
            value={search.level ?? ''}
            options={[
              { value: '', label: 'All' },
              { value: 'info', label: 'Info or worse' },
              { value: 'warn', label: 'Warnings or worse' },
              { value: 'error', label: 'Errors' },
            ]}
            onChange={(level) => onChange({ level: level || undefined })}
          />
          <Select
            inline
            label="Kind"
            value={search.kind ?? ''}
            options={options(kindWords, ['log', 'http', 'run', 'event'])}
            onChange={(kind) => onChange({ kind: kind || undefined })}
          />
        </>
      ) : (
        <>
          <Select
            inline
            label="Status"
            value={search.status ?? ''}
            options={options(statusWords, ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'invalid_configuration'])}
            onChange={(status) => onChange({ status: status || undefined })}
          />
          <Select
            inline
            label="Kind"
            value={search.kind ?? ''}
            options={options(kindWords, ['sync', 'action', 'on-event', 'webhook'])}
            onChange={(kind) => onChange({ kind: kind || undefined })}
          />
        </>
      )}
      {!search.tail && (
        <Select
          inline
          label="Time"
          value={search.since ?? ''}
          options={[
            { value: '', label: 'All' },
            { value: '15m', label: 'Last 15 minutes' },
            { value: '1h', label: 'Last hour' },
            { value: '24h', label: 'Last 24 hours' },
            { value: '7d', label: 'Last 7 days' },
            { value: '30d', label: 'Last 30 days' },
          ]}
          onChange={(since) => onChange({ since: since || undefined })}
        />
      )}
      {!logs && search.customer && search.revision !== undefined && (
        <FilterChips chips={[{ key: 'revision', text: `Configuration: revision ${search.revision}`, onRemove: () => onChange({ revision: undefined }) }]} />
      )}
      {isCut && (
        <Button look="quiet" onClick={() => onChange(noFilters)}>
          Clear filters
        </Button>
      )}
    </div>
  );
}

/** No filter at all. */
export const noFilters: Partial<RunsSearch> = {
  integration: undefined,
  customer: undefined,
  function: undefined,
  kind: undefined,
  status: undefined,
  since: undefined,
  query: undefined,
  level: undefined,
  revision: undefined,
};
