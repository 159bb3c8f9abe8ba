import type { ReactNode } from 'react';

/** The name of a key. */
export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded-badge border bg-surface px-1 font-sans text-[11px] text-ink3">{children}</kbd>
  );
}
