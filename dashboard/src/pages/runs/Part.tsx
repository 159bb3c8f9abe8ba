import type { ReactNode } from 'react';
import type { LogLine } from '../../api/runs';
import { Clock, Level, Message } from './LogList';

/** A part of what is told of a run: big in its drawer, small in a report. */
export function Part({ title, hint, small, children }: { title: ReactNode; hint?: ReactNode; small?: boolean; children: ReactNode }) {
  return (
    <section className={small ? '' : 'mt-6'}>
      <h3 className={small ? 'mb-1 font-medium' : 'mb-2 flex flex-wrap items-baseline gap-x-3 text-section font-semibold'}>
        {title}
        {hint && <span className="text-hint font-normal text-ink3">{hint}</span>}
      </h3>
      {children}
    </section>
  );
}

/** What a run answered. */
export function Output({ value }: { value: unknown }) {
  return (
    <Part small title="Output">
      <pre tabIndex={0} aria-label="Output" className="max-h-96 overflow-auto rounded-card border bg-subtle p-3 text-[12px] leading-5">
        {JSON.stringify(value, null, 2) ?? 'nothing'}
      </pre>
    </Part>
  );
}

/** The lines of a run's log. */
export function Lines({ lines }: { lines: readonly LogLine[] }) {
  return (
    <ol className="overflow-hidden rounded-card border">
      {lines.map((line) => (
        <li key={line.id} className="flex flex-wrap items-start gap-x-3 gap-y-0.5 border-b px-3 py-1.5 last:border-b-0 sm:flex-nowrap">
          <Clock at={line.time} />
          <Level level={line.level} />
          <span className="min-w-0 basis-full sm:basis-auto">
            <Message line={line} />
          </span>
        </li>
      ))}
    </ol>
  );
}
