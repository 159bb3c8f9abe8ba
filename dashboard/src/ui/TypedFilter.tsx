import { useEffect, useRef, useState, type ReactNode, type Ref } from 'react';
import { inputClass } from './Field';

/** A text that a list is cut by: taken over at a pause in the typing. Escape empties it. */
export function TypedFilter(props: {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  className?: string;
  icon?: ReactNode;
  /** The label unless given. */
  placeholder?: string;
  inputRef?: Ref<HTMLInputElement>;
  /** The key that goes to it. */
  shortcut?: string;
}) {
  const { value = '', onChange } = props;
  const [typed, setTyped] = useState(value);
  // What was told last: an address that only follows the typing must not take back what was typed since.
  const told = useRef(value);
  useEffect(() => {
    if (value !== told.current) setTyped(value);
    told.current = value;
  }, [value]);
  useEffect(() => {
    const text = typed.trim();
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      onChange(text || undefined);
    }, 150);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <div className={`relative ${props.className ?? 'w-40'}`}>
      {props.icon && <span className="pointer-events-none absolute inset-y-0 left-2.5 flex items-center text-ink3">{props.icon}</span>}
      <input
        ref={props.inputRef}
        type="search"
        aria-label={props.label}
        aria-keyshortcuts={props.shortcut}
        placeholder={props.placeholder ?? props.label}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && setTyped('')}
        className={`${inputClass} ${props.icon ? 'pl-8' : ''}`}
      />
    </div>
  );
}
