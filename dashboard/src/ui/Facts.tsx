import type { ReactNode } from 'react';

/** Names and values. What has no value is left out. */
export function Facts({ facts, narrow }: { facts: [string, ReactNode][]; narrow?: boolean }) {
  const known = facts.filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false);
  return (
    <dl className={`grid gap-x-4 gap-y-2 ${narrow ? 'grid-cols-[104px_minmax(0,1fr)]' : 'grid-cols-[minmax(100px,200px)_minmax(0,1fr)] max-md:grid-cols-[104px_minmax(0,1fr)]'}`}>
      {known.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink3">{name}</dt>
          <dd className="min-w-0">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
