import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';
import type { ReactNode } from 'react';

/** One of two to four views of the same thing. */
export function Segmented<T extends string>(props: {
  label: string;
  value: T;
  options: readonly { value: T; label: string; icon?: ReactNode }[];
  onChange: (value: T) => void;
}) {
  return (
    <ToggleGroup
      aria-label={props.label}
      value={[props.value]}
      onValueChange={(values) => values[0] !== undefined && props.onChange(values[0] as T)}
      className="inline-flex rounded-control bg-subtle p-0.5"
    >
      {props.options.map((option) => (
        <Toggle
          key={option.value}
          value={option.value}
          className="inline-flex h-7 items-center gap-1.5 rounded-[5px] px-2.5 text-ink2 data-pressed:bg-raised data-pressed:font-medium data-pressed:text-ink data-pressed:shadow-[0_0_0_1px_var(--line)] pointer-coarse:h-10"
        >
          {option.icon}
          {option.label}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}
