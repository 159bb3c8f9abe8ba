import { Eye, EyeOff } from 'lucide-react';
import { useId, useState, type ComponentProps, type ReactNode } from 'react';
import { IconButton } from './Button';

/** The classes of a text input. */
export const inputClass =
  'control w-full border border-control bg-surface px-2.5 text-ink aria-invalid:border-bad disabled:opacity-60';

interface Labelled {
  label: ReactNode;
  hint?: ReactNode;
  error?: string;
  /** Only read aloud. */
  hideLabel?: boolean;
}

/** A label over a control, a hint under it, and what is wrong where something is. */
export function Labelled(
  props: Labelled & { id: string; children: ReactNode; className?: string },
) {
  return (
    <div className={props.className}>
      <label htmlFor={props.id} className={props.hideLabel ? 'sr-only' : 'mb-1 block font-medium'}>
        {props.label}
      </label>
      {props.children}
      {props.hint && (
        <p id={`${props.id}-hint`} className="mt-1 text-hint text-ink3">
          {props.hint}
        </p>
      )}
      {props.error && (
        <p id={`${props.id}-error`} role="alert" className="mt-1 text-hint text-bad">
          {props.error}
        </p>
      )}
    </div>
  );
}

/** Which texts describe the control `id`. */
export const describedBy = (id: string, props: Labelled) =>
  [props.hint && `${id}-hint`, props.error && `${id}-error`].filter(Boolean).join(' ') || undefined;

export function TextField({
  label,
  hint,
  error,
  hideLabel,
  onChange,
  mono,
  className,
  ...rest
}: Labelled & { onChange: (value: string) => void; mono?: boolean } & Omit<ComponentProps<'input'>, 'onChange'>) {
  const made = useId();
  const id = rest.id ?? made;
  const [shown, setShown] = useState(false);
  const secret = rest.type === 'password';
  return (
    <Labelled {...{ id, label, hint, error, hideLabel, className }}>
      <div className="relative">
        <input
          {...rest}
          id={id}
          type={secret && shown ? 'text' : rest.type}
          aria-invalid={error ? true : undefined}
          aria-describedby={describedBy(id, { label, hint, error })}
          onChange={(event) => onChange(event.target.value)}
          className={`${inputClass} ${mono ? 'font-mono text-code' : ''} ${secret ? 'pr-9' : ''}`}
        />
        {secret && (
          <IconButton
            label={shown ? 'Hide' : 'Show'}
            aria-pressed={shown}
            onClick={() => setShown(!shown)}
            className="absolute top-1/2 right-0.5 -translate-y-1/2"
          >
            {shown ? <EyeOff size={15} aria-hidden /> : <Eye size={15} aria-hidden />}
          </IconButton>
        )}
      </div>
    </Labelled>
  );
}

export function TextArea({
  label,
  hint,
  error,
  hideLabel,
  onChange,
  className,
  ...rest
}: Labelled & { onChange: (value: string) => void } & Omit<ComponentProps<'textarea'>, 'onChange'>) {
  const id = useId();
  return (
    <Labelled {...{ id, label, hint, error, hideLabel, className }}>
      <textarea
        {...rest}
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy(id, { label, hint, error })}
        onChange={(event) => onChange(event.target.value)}
        className="min-h-16 w-full rounded-control border border-control bg-surface px-2.5 py-1.5"
      />
    </Labelled>
  );
}
