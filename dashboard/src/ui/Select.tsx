import { Select as Base } from '@base-ui/react/select';
import { Check, ChevronsUpDown } from 'lucide-react';
import type { ReactNode } from 'react';

export interface Option<T extends string> {
  value: T;
  label: string;
  hint?: string;
}

/** One of a few. For many, or for what is searched: Combobox. */
export function Select<T extends string>(props: {
  /** Its name; shown before the value when `inline`. */
  label: string;
  value: T;
  options: readonly Option<T>[];
  onChange: (value: T) => void;
  inline?: boolean;
  disabled?: boolean;
  id?: string;
  icon?: ReactNode;
  className?: string;
}) {
  const chosen = props.options.find((option) => option.value === props.value);
  return (
    <Base.Root
      value={props.value}
      onValueChange={(value) => value !== null && props.onChange(value as T)}
      disabled={props.disabled}
      items={props.options.map(({ value, label }) => ({ value, label }))}
    >
      <Base.Trigger
        id={props.id}
        aria-label={props.label}
        className={`control inline-flex items-center gap-1.5 border border-control bg-surface px-2.5 text-left hover:bg-hover disabled:opacity-60 ${props.className ?? ''}`}
      >
        {props.icon}
        {props.inline && <span className="text-ink3">{props.label}:</span>}
        <span className="min-w-0 flex-1 truncate">{chosen?.label ?? props.value}</span>
        <ChevronsUpDown size={14} className="shrink-0 text-ink3" aria-hidden />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className="z-[60]" sideOffset={4} alignItemWithTrigger={false}>
          <Base.Popup className="max-h-[min(360px,var(--available-height))] min-w-[var(--anchor-width)] overflow-y-auto rounded-card bg-surface p-1 shadow-float">
            {props.options.map((option) => (
              <Base.Item
                key={option.value}
                value={option.value}
                className="flex cursor-default items-start gap-2 rounded-control px-2 py-1.5 outline-none data-highlighted:bg-hover"
              >
                <span className="mt-0.5 w-4">
                  <Base.ItemIndicator>
                    <Check size={14} aria-hidden />
                  </Base.ItemIndicator>
                </span>
                <span>
                  <Base.ItemText>{option.label}</Base.ItemText>
                  {option.hint && <span className="block text-hint text-ink3">{option.hint}</span>}
                </span>
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
