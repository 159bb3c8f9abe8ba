import { Combobox as Base } from '@base-ui/react/combobox';
import { Check, Search, Sparkles } from 'lucide-react';
import { useMemo, useState } from 'react';
import { language, t } from '../i18n';
import { asked, Chosen, type FieldPickerProps, nameOf, triggerClass } from './FieldPicker';
import { finds, kind, type Option, ordered, useAgo } from './options';

/** At most so many rows are drawn; a search finds the others. */
const SHOWN = 200;

const share = (filled: number) => new Intl.NumberFormat(language(), { style: 'percent', maximumFractionDigits: 0 }).format(filled);

/** The list of the customer's own fields, found by label, key or sample value; open from the start. */
export default function FieldCombobox(props: FieldPickerProps) {
  const { options, loading, reload } = props.loaded;
  const items = useMemo(() => ordered(options?.data ?? [], props.type), [options, props.type]);
  const chosen = items.find((one) => one.value === props.value) ?? null;
  const [query, setQuery] = useState('');
  const [open, setOpen] = useState(true);
  const ago = useAgo(options?.loaded_at, language());

  const clear = () => {
    props.onChange(undefined);
    setOpen(false);
  };
  return (
    <Base.Root
      items={items}
      value={chosen}
      onValueChange={(option) => props.onChange((option as Option | null)?.value)}
      inputValue={query}
      onInputValueChange={setQuery}
      open={open}
      onOpenChange={(next) => {
        setOpen(next);
        if (!next) setQuery('');
      }}
      itemToStringLabel={(option) => (option as Option).label}
      isItemEqualToValue={(one, other) => (one as Option | null)?.value === (other as Option | null)?.value}
      filter={(option, text) => finds(option as Option, text)}
      limit={SHOWN}
      autoHighlight
    >
      <Base.Trigger
        id={props.id}
        aria-label={nameOf(props)}
        aria-invalid={props.invalid || undefined}
        aria-describedby={props.describedBy}
        className={triggerClass}
      >
        <Chosen option={chosen} value={props.value} />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className="z-[60]" sideOffset={4} align="start">
          <Base.Popup
            aria-label={asked(props)}
            className="flex max-h-[min(340px,var(--available-height))] w-[max(var(--anchor-width),min(400px,calc(100vw-32px)))] flex-col overflow-hidden rounded-card bg-surface shadow-float"
          >
            <div className="flex items-center gap-2 border-b px-3">
              <Search size={14} className="shrink-0 text-ink3" aria-hidden />
              <Base.Input
                aria-label={t('mapping.search', { count: items.length })}
                placeholder={t('mapping.search', { count: items.length })}
                className="h-9 min-w-0 flex-1 bg-transparent text-ink outline-none"
              />
            </div>
            <Base.Empty className="px-3 py-4 text-ink3 empty:p-0">{loading ? t('mapping.loading', { system: props.system }) : t('mapping.nothing')}</Base.Empty>
            <Base.List aria-label={asked(props)} className="min-h-0 flex-1 overflow-y-auto p-1 empty:p-0">
              {(option: Option) => <Item key={option.value} option={option} type={props.type} />}
            </Base.List>
            <div className="flex items-center gap-1.5 border-t px-3 py-2 text-hint text-ink3">
              <Sparkles size={13} aria-hidden />
              <span role="status">{loading ? t('mapping.loading', { system: props.system }) : t('mapping.loaded', { system: props.system, when: ago })}</span>
              <span className="ml-auto flex gap-3">
                {props.optional && props.value !== undefined && (
                  <button type="button" className="font-medium text-accent-text" onClick={clear}>
                    {t('field.none')}
                  </button>
                )}
                <button type="button" disabled={loading} className="font-medium text-accent-text disabled:opacity-50" onClick={reload}>
                  {t('mapping.reload')}
                </button>
              </span>
            </div>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Item({ option, type }: { option: Option; type?: string }) {
  const theirs = kind(option.type);
  const fits = theirs !== undefined && theirs === kind(type);
  return (
    <Base.Item
      value={option}
      className="grid cursor-default grid-cols-[16px_1fr_auto] items-start gap-x-2 rounded-control px-2 py-1.5 outline-none data-highlighted:bg-hover pointer-coarse:py-2.5"
    >
      <Base.ItemIndicator className="col-start-1 mt-1 text-accent-text">
        <Check size={14} aria-hidden />
      </Base.ItemIndicator>
      <span className="col-start-2 min-w-0">
        <span className="flex items-center gap-1.5">
          <span className="truncate font-medium">{option.label}</span>
          {option.custom && (
            <span className="rounded-badge bg-integration-soft px-1 text-badge leading-[18px] font-medium text-integration">{t('mapping.custom')}</span>
          )}
        </span>
        <span className="block truncate text-hint text-ink3">
          <code className="text-[11.5px]">{option.value}</code>
          {option.samples?.length ? ` · ${option.samples.join(', ')}` : ''}
        </span>
      </span>
      <span className="col-start-3 text-right text-hint whitespace-nowrap">
        <span className={`block ${fits ? 'text-ok' : 'text-ink3'}`}>{theirs ?? ''}</span>
        {option.filled !== undefined && <span className="tabular block text-ink3">{t('mapping.filled', { share: share(option.filled) })}</span>}
      </span>
    </Base.Item>
  );
}
