import type { Condition } from '../../api/connections';
import type { FleetFilter } from '../../api/fleet';
import { text } from '../runs/search';

/** What the address of Fleet says. */
export interface FleetSearch {
  /** Part of the paths that are shown as columns. */
  path?: string;
  search?: string;
  status?: 'invalid' | 'outdated';
  /** "plan=pro" */
  tag?: string;
  where?: string;
  op?: Condition['op'];
  value?: string;
  /** The column whose values are shown. */
  column?: string;
}

const ops = ['is', 'is_not', 'set', 'unset'] as const;

export function fleetSearch(raw: Record<string, unknown>): FleetSearch {
  return {
    path: text(raw.path),
    search: text(raw.search),
    status: raw.status === 'invalid' || raw.status === 'outdated' ? raw.status : undefined,
    tag: text(raw.tag),
    where: text(raw.where),
    op: ops.find((op) => op === raw.op),
    value: typeof raw.value === 'boolean' ? String(raw.value) : text(raw.value),
    column: text(raw.column),
  };
}

/** The condition, where enough of it is given. */
function condition({ where, op = 'is', value }: FleetSearch): Condition | undefined {
  if (!where) return undefined;
  if (op === 'set' || op === 'unset') return { path: where, op };
  return value === undefined ? undefined : { path: where, op, value };
}

/** Of which customers the page is. */
export function filterOf(search: FleetSearch): FleetFilter {
  const [name, ...rest] = (search.tag ?? '').split('=');
  return {
    search: search.search,
    status: search.status,
    tags: name && rest.length > 0 ? [[name.trim(), rest.join('=').trim()]] : undefined,
    condition: condition(search),
  };
}

/** Whether it is not simply all of them. */
export const isCut = ({ search, status, tags, condition }: FleetFilter) => Boolean(search || status || tags || condition);
