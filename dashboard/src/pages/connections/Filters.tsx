import { Popover } from '@base-ui/react/popover';
import { useQuery } from '@tanstack/react-query';
import { Check, ChevronDown, Search } from 'lucide-react';
import { useId, useState, type FormEvent, type ReactNode } from 'react';
import { integrationNamesQuery, knownPathsQuery, troubles, type Condition, type Health } from '../../api/connections';
import { useSearchShortcut } from '../../shell/keys';
import { Button, buttonClass } from '../../ui/Button';
import { TextField } from '../../ui/Field';
import { FilterChips } from '../../ui/FilterChips';
import { Select } from '../../ui/Select';
import { TypedFilter } from '../../ui/TypedFilter';
import { chips, dotted, operators, pointer, type ListSearch } from './search';
import { healthWords } from './words';

export interface FilterProps {
  env: string;
  search: ListSearch;
  onChange: (search: ListSearch) => void;
}

/** The search and the filters of the list, with those that are on as chips. */
export function Filters({ env, search, onChange, children }: FilterProps & { children: ReactNode }) {
  const { data: integrations = [] } = useQuery(integrationNamesQuery(env));
  const input = useSearchShortcut();
  const on = chips(search, integrations, healthWords);
  return (
    <div className="border-b px-6 py-2 max-md:px-5">
      <div className="flex flex-wrap items-center gap-2">
        <TypedFilter
          label="Search connections"
          placeholder="Search name, id, e-mail…"
          shortcut="/"
          inputRef={input}
          icon={<Search size={14} aria-hidden />}
          className="w-72 max-md:w-full"
          value={search.q}
          onChange={(q) => onChange({ ...search, q })}
        />
        <Choice
          label="Integration"
          value={search.integration}
          options={integrations.map((one) => ({ value: one.unique_key, label: one.display_name, hint: one.unique_key }))}
          onChange={(integration) => onChange({ ...search, integration })}
        />
        <Choice
          label="Status"
          value={search.status}
          options={(['ok', ...troubles] as Health[]).map((value) => ({ value, label: healthWords[value] }))}
          onChange={(status) => onChange({ ...search, status: status as Health | undefined })}
        />
        <TagFilter search={search} onChange={onChange} />
        <ConditionFilter env={env} search={search} onChange={onChange} />
        <div className="ml-auto flex items-center gap-3 text-ink3">{children}</div>
      </div>
      <FilterChips
        className="mt-2"
        chips={on.map(({ key, text, without }) => ({ key, text, onRemove: () => onChange(without) }))}
        onClear={() => onChange({ q: search.q, sort: search.sort })}
      />
    </div>
  );
}

/** A filter's button and what opens under it. */
function FilterPopover(props: { label: string; open: boolean; onOpen: (open: boolean) => void; children: ReactNode; width?: string }) {
  return (
    <Popover.Root open={props.open} onOpenChange={props.onOpen}>
      <Popover.Trigger className={`${buttonClass('secondary')} font-normal`}>
        {props.label}
        <ChevronDown size={14} className="text-ink3" aria-hidden />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner className="z-[60]" sideOffset={4} align="start">
          <Popover.Popup
            aria-label={props.label}
            className={`${props.width ?? 'w-60'} max-w-[calc(100vw-32px)] rounded-card bg-surface shadow-float outline-none`}
          >
            {props.children}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Choice(props: {
  label: string;
  value?: string;
  options: { value: string; label: string; hint?: string }[];
  onChange: (value: string | undefined) => void;
}) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const fits = props.options.filter((one) => `${one.label} ${one.value}`.toLowerCase().includes(typed.toLowerCase()));
  const choose = (value: string) => {
    props.onChange(value === props.value ? undefined : value);
    setOpen(false);
  };
  return (
    <FilterPopover label={props.label} open={open} onOpen={(next) => (setOpen(next), setTyped(''))}>
      {props.options.length > 8 && (
        <div className="border-b p-2">
          <TextField label={`Search ${props.label.toLowerCase()}`} hideLabel placeholder="Search…" value={typed} onChange={setTyped} />
        </div>
      )}
      <div className="max-h-80 overflow-y-auto p-1">
        {fits.map((option) => (
          <button
            key={option.value}
            type="button"
            aria-pressed={option.value === props.value}
            onClick={() => choose(option.value)}
            className="flex w-full items-start gap-2 rounded-control px-2 py-1.5 text-left hover:bg-hover pointer-coarse:py-3"
          >
            <Check size={14} aria-hidden className={`mt-0.5 shrink-0 ${option.value === props.value ? '' : 'invisible'}`} />
            <span className="min-w-0">
              {option.label}
              {option.hint && option.hint !== option.label && <span className="block truncate text-hint text-ink3">{option.hint}</span>}
            </span>
          </button>
        ))}
        {fits.length === 0 && <p className="px-2 py-1.5 text-ink3">{typed ? 'Nothing fits.' : 'There is none yet.'}</p>}
      </div>
    </FilterPopover>
  );
}

function TagFilter({ search, onChange }: Omit<FilterProps, 'env'>) {
  const [open, setOpen] = useState(false);
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const add = (event: FormEvent) => {
    event.preventDefault();
    const tag = `${key.trim().toLowerCase()}:${value.trim()}`;
    onChange({ ...search, tag: [...(search.tag ?? []).filter((one) => one !== tag), tag] });
    setOpen(false);
    setKey('');
    setValue('');
  };
  return (
    <FilterPopover label="Tag" open={open} onOpen={setOpen} width="w-72">
      <form onSubmit={add} className="flex flex-col gap-3 p-3">
        <TextField label="Key" value={key} onChange={setKey} placeholder="plan" required />
        <TextField label="Value" value={value} onChange={setValue} placeholder="pro" required />
        <Button look="primary" type="submit" disabled={!key.trim() || !value.trim()}>
          Show connections with this tag
        </Button>
      </form>
    </FilterPopover>
  );
}

function ConditionFilter({ env, search, onChange }: FilterProps) {
  const [open, setOpen] = useState(false);
  const { data: integrations = [] } = useQuery(integrationNamesQuery(env));
  const asked = search.integration ?? (integrations.length === 1 ? integrations[0]!.unique_key : '');
  const { data: paths = [] } = useQuery({ ...knownPathsQuery(env, asked), enabled: open && asked !== '' });
  const [path, setPath] = useState(search.path ? dotted(search.path) : '');
  const [op, setOp] = useState<Condition['op']>(search.op ?? 'is');
  const [value, setValue] = useState(search.value ?? '');
  const list = useId();
  const needsValue = op === 'is' || op === 'is_not';
  const apply = (event: FormEvent) => {
    event.preventDefault();
    onChange({ ...search, path: pointer(path.trim()), op, value: needsValue ? value : undefined });
    setOpen(false);
  };
  return (
    <FilterPopover label="Configuration is…" open={open} onOpen={setOpen} width="w-80">
      <form onSubmit={apply} className="flex flex-col gap-3 p-3">
        <TextField
          label="Path"
          value={path}
          onChange={setPath}
          placeholder="fieldMapping.stage"
          list={list}
          mono
          required
          hint={asked ? 'Of the customer’s own configuration.' : 'Of the customer’s own configuration. Choose an integration to see its paths.'}
        />
        <datalist id={list}>
          {paths.map((known) => (
            <option key={known} value={dotted(known)} />
          ))}
        </datalist>
        <Select label="Operator" value={op} options={operators} onChange={setOp} />
        {needsValue && <TextField label="Value" value={value} onChange={setValue} mono required hint="Text, a number, true or false." />}
        <Button look="primary" type="submit" disabled={!path.trim() || (needsValue && !value)}>
          Show these connections
        </Button>
      </form>
    </FilterPopover>
  );
}
