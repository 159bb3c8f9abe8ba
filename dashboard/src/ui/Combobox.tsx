import { Combobox as Base } from '@base-ui/react/combobox';
import { ChevronDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { inputClass } from './Field';

/** One of many, found by typing. */
export function Combobox<T>(props: {
  label: string;
  items: readonly T[];
  value: T | null;
  onChange: (value: T | null) => void;
  /** What is shown for it, and what typing is compared with. */
  text: (item: T) => string;
  /** A row of the list; its text unless given. */
  row?: (item: T) => ReactNode;
  placeholder?: string;
  empty?: ReactNode;
  invalid?: boolean;
  describedBy?: string;
  id?: string;
  foot?: ReactNode;
  /** Told what is typed, for lists that the server searches. */
  onSearch?: (text: string) => void;
}) {
  return (
    <Base.Root
      items={props.items as T[]}
      value={props.value}
      onValueChange={(value) => props.onChange(value as T | null)}
      itemToStringLabel={(item) => props.text(item as T)}
      onInputValueChange={props.onSearch}
      filter={props.onSearch ? null : undefined}
      autoHighlight
    >
      <div className="relative">
        <Base.Input
          id={props.id}
          aria-label={props.label}
          aria-invalid={props.invalid || undefined}
          aria-describedby={props.describedBy}
          placeholder={props.placeholder}
          className={`${inputClass} pr-8`}
        />
        <Base.Trigger aria-label={`Open ${props.label}`} className="absolute inset-y-0 right-1 flex w-7 items-center justify-center text-ink3">
          <ChevronDown size={15} aria-hidden />
        </Base.Trigger>
      </div>
      <Base.Portal>
        <Base.Positioner className="z-[60]" sideOffset={4}>
          <Base.Popup className="flex max-h-[min(380px,var(--available-height))] w-[max(var(--anchor-width),280px)] flex-col rounded-card bg-surface shadow-float">
            <Base.Empty className="px-3 py-2 text-ink3 empty:p-0">{props.empty ?? 'Nothing fits.'}</Base.Empty>
            <Base.List className="min-h-0 flex-1 overflow-y-auto p-1 empty:p-0">
              {(item: T) => (
                <Base.Item
                  key={props.text(item)}
                  value={item}
                  className="cursor-default rounded-control px-2 py-1.5 outline-none data-highlighted:bg-hover data-selected:font-medium"
                >
                  {props.row ? props.row(item) : props.text(item)}
                </Base.Item>
              )}
            </Base.List>
            {props.foot && <div className="border-t px-3 py-1.5 text-hint text-ink3">{props.foot}</div>}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
