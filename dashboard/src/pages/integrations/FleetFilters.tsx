import { Search } from 'lucide-react';
import type { PathReport } from '../../api/fleet';
import { Select } from '../../ui/Select';
import { TypedFilter } from '../../ui/TypedFilter';
import { operators } from '../connections/search';
import type { FleetSearch } from './fleetSearch';

/** Which customers, and which paths. All of it is in the address. */
export function FleetFilters({ search, paths, onChange }: { search: FleetSearch; paths: PathReport[]; onChange: (part: Partial<FleetSearch>) => void }) {
  const op = search.op ?? 'is';
  const names = paths.map(({ path }) => path);
  if (search.where && !names.includes(search.where)) names.unshift(search.where);
  return (
    <div role="search" aria-label="Filter customers and paths" className="flex flex-wrap items-center gap-2">
      <TypedFilter label="Search customers" icon={<Search size={14} aria-hidden />} className="w-full sm:w-48" value={search.search} onChange={(value) => onChange({ search: value })} />
      <TypedFilter label="Search paths" className="w-36" value={search.path} onChange={(path) => onChange({ path })} />
      <Select
        inline
        label="Configuration"
        value={search.status ?? ''}
        options={[
          { value: '', label: 'Any' },
          { value: 'invalid', label: 'Invalid', hint: 'Does not fit the schema.' },
          { value: 'outdated', label: 'Outdated', hint: 'Of an older version of the schema.' },
        ]}
        onChange={(status) => onChange({ status: (status || undefined) as FleetSearch['status'] })}
      />
      <TypedFilter label="Tag, as plan=pro" className="w-36" value={search.tag} onChange={(tag) => onChange({ tag })} />
      <Select
        inline
        label="Where"
        value={search.where ?? ''}
        className="max-w-64"
        options={[{ value: '', label: 'any path' }, ...names.map((path) => ({ value: path, label: path }))]}
        onChange={(where) => onChange(where ? { where } : { where: undefined, op: undefined, value: undefined })}
      />
      {search.where && (
        <>
          <Select
            label="How it is compared"
            value={op}
            options={operators}
            onChange={(next) => onChange({ op: next })}
          />
          {(op === 'is' || op === 'is_not') && <TypedFilter label="Value" className="w-32" value={search.value} onChange={(value) => onChange({ value })} />}
        </>
      )}
    </div>
  );
}
