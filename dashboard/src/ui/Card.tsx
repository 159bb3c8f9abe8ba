import { useId, type ReactNode } from 'react';

/** A section of a page with its heading (h2). */
export function Card(props: { title: ReactNode; hint?: ReactNode; actions?: ReactNode; children: ReactNode; flush?: boolean; className?: string }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={`rounded-card border bg-surface ${props.className ?? ''}`}>
      <header className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-b px-4 py-2">
        <h2 id={id} className="text-section font-semibold">
          {props.title}
        </h2>
        {props.hint && <span className="text-hint text-ink3">{props.hint}</span>}
        {props.actions && <div className="ml-auto flex items-center gap-2">{props.actions}</div>}
      </header>
      <div className={props.flush ? '' : 'p-4'}>{props.children}</div>
    </section>
  );
}
