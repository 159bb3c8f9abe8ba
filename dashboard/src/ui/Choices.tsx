import { useId, type ReactNode } from 'react';

/** One of a few that need a line of explanation each. */
export function Choices<T extends string>(props: {
  label: string;
  value: T;
  options: readonly { value: T; label: ReactNode; hint?: ReactNode }[];
  onChange: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset>
      <legend className="mb-1 font-medium">{props.label}</legend>
      <div className="divide-y rounded-card border">
        {props.options.map((option, index) => (
          <label key={option.value} className="flex cursor-pointer items-start gap-2.5 px-3 py-2 first:rounded-t-card last:rounded-b-card has-checked:bg-accent-soft">
            <input
              type="radio"
              name={name}
              value={option.value}
              aria-labelledby={`${name}-${index}`}
              aria-describedby={option.hint ? `${name}-${index}-hint` : undefined}
              checked={props.value === option.value}
              onChange={() => props.onChange(option.value)}
              className="mt-[3px] size-3.5 accent-[var(--accent)]"
            />
            <span>
              <span id={`${name}-${index}`} className="font-medium">
                {option.label}
              </span>
              {option.hint && <span id={`${name}-${index}-hint`} className="block text-hint text-ink2">{option.hint}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** Yes or no to something that is only done with the button of the form. */
export function Check(props: { label: ReactNode; checked: boolean; onChange: (checked: boolean) => void; mono?: boolean }) {
  return (
    <label className="flex cursor-pointer items-center gap-2 py-0.5 pointer-coarse:min-h-11">
      <input type="checkbox" checked={props.checked} onChange={(event) => props.onChange(event.target.checked)} className="size-3.5 shrink-0 accent-[var(--accent)]" />
      <span className={`[overflow-wrap:anywhere] ${props.mono ? 'font-mono text-[12px]' : ''}`}>{props.label}</span>
    </label>
  );
}
