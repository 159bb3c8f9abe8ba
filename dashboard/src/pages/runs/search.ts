import type { RunFilters } from '../../api/runs';

/** What the address of "Runs and logs" says. */
export interface RunsSearch extends RunFilters {
  view?: 'logs';
  level?: string;
  tail?: boolean;
  /** The run whose drawer is open. */
  run?: string;
}

/** Text of the address; a number that someone typed is text too. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value || undefined : typeof value === 'number' ? String(value) : undefined;

/** A whole number; what is none is left out. */
export const whole = (value: unknown): number | undefined => (typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined);

export function runsSearch(raw: Record<string, unknown>): RunsSearch {
  return {
    view: raw.view === 'logs' ? 'logs' : undefined,
    integration: text(raw.integration),
    customer: text(raw.customer),
    function: text(raw.function),
    kind: text(raw.kind),
    status: text(raw.status),
    since: text(raw.since),
    query: text(raw.query),
    revision: whole(raw.revision),
    level: text(raw.level),
    tail: raw.tail === true || undefined,
    run: text(raw.run),
  };
}
