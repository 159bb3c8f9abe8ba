// The button that shows which of the customer's fields is meant. Its list is loaded when somebody goes there.
import { ChevronDown } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { t } from '../i18n';
import { inputClass } from '../ui/Field';
import type { Loaded, Option } from './options';

const load = () => import('./FieldCombobox');
const FieldCombobox = lazy(load);

export interface FieldPickerProps {
  id?: string;
  /** Our field, which it is chosen for. */
  label: string;
  /** What it chooses, in words, where that is no field of ours. */
  asks?: string;
  value: string | undefined;
  /** The type that fits. */
  type?: string;
  loaded: Loaded & { reload: () => void };
  system: string;
  onChange: (value: string | undefined) => void;
  invalid?: boolean;
  describedBy?: string;
  /** Whether it may have no value. */
  optional?: boolean;
}

export const triggerClass = `${inputClass} flex items-center gap-2 text-left`;

/** The name of the button: what it chooses, and what is chosen. */
export function nameOf(props: FieldPickerProps): string {
  const chosen = props.loaded.options?.data.find((one) => one.value === props.value);
  return `${asked(props)}: ${chosen?.label ?? (props.value || t('mapping.unset'))}`;
}

/** What it chooses. */
export const asked = ({ label, asks }: FieldPickerProps) => asks ?? t('mapping.open', { field: label });

/** Chooses one of the customer's own fields. */
export function FieldPicker(props: FieldPickerProps) {
  const [opened, setOpened] = useState(false);
  const { options, error } = props.loaded;
  // Without the list, a key can still be typed.
  if (error && !options) {
    return (
      <input
        id={props.id}
        aria-label={asked(props)}
        aria-describedby={props.describedBy}
        value={props.value ?? ''}
        onChange={(event) => props.onChange(event.target.value === '' ? undefined : event.target.value)}
        className={`${inputClass} font-mono text-code`}
      />
    );
  }
  const button = (
    <button
      type="button"
      role="combobox"
      id={props.id}
      aria-haspopup="dialog"
      aria-expanded={false}
      aria-label={nameOf(props)}
      aria-invalid={props.invalid || undefined}
      aria-describedby={props.describedBy}
      className={triggerClass}
      onPointerEnter={() => void load()}
      onFocus={() => void load()}
      onClick={() => setOpened(true)}
      onKeyDown={(event) => {
        if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
        event.preventDefault();
        setOpened(true);
      }}
    >
      <Chosen option={options?.data.find((one) => one.value === props.value) ?? null} value={props.value} />
    </button>
  );
  return opened ? (
    <Suspense fallback={button}>
      <FieldCombobox {...props} />
    </Suspense>
  ) : (
    button
  );
}

/** What is chosen: label and key; the key alone where the field is gone. */
export function Chosen({ option, value }: { option: Option | null; value: string | undefined }) {
  return (
    <>
      {option ? (
        <>
          <span className="min-w-0 shrink truncate">{option.label}</span>
          {option.value !== option.label && <code className="min-w-0 flex-1 shrink-[3] truncate text-[11.5px] text-ink3">{option.value}</code>}
        </>
      ) : (
        <span className={`min-w-0 truncate ${value ? 'font-mono text-code' : 'text-ink3'}`}>{value || t('mapping.choose')}</span>
      )}
      <ChevronDown size={15} className="ml-auto shrink-0 text-ink3" aria-hidden />
    </>
  );
}
