import { CopyButton } from './CopyButton';

/** A text that is shown once, to be copied. */
export function Secret({ label, text }: { label: string; text: string }) {
  return (
    // The name is the group's: what is plain text can have none.
    <div role="group" aria-label={label} className="flex items-center gap-2 rounded-control border bg-subtle py-1 pr-1 pl-3">
      <code className="min-w-0 flex-1 text-code [overflow-wrap:anywhere]">
        {text}
      </code>
      <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
    </div>
  );
}
