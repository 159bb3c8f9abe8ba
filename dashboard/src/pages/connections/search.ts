// The state of the list in the address.
import { troubles, type Condition, type ConnectionFilter, type Health } from '../../api/connections';

/** The search parameters of the list. */
export interface ListSearch {
  q?: string;
  integration?: string;
  status?: Health;
  /** "key:value", each. */
  tag?: string[];
  /** The condition on the configuration: where, how, what. */
  path?: string;
  op?: Condition['op'];
  value?: string;
  sort?: 'status';
  /** The dialog for a new connection is open. */
  new?: true;
}

const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined);
const ops: readonly string[] = ['is', 'is_not', 'set', 'unset'];

/** Reads what an address says; what makes no sense is left out. */
export function readSearch(raw: Record<string, unknown>): ListSearch {
  const status = text(raw.status);
  const op = text(raw.op);
  const tags = (Array.isArray(raw.tag) ? raw.tag : [raw.tag]).map(text).filter((tag) => tag?.includes(':'));
  const search: ListSearch = {
    q: text(raw.q) || undefined,
    integration: text(raw.integration) || undefined,
    status: status === 'ok' || troubles.some((known) => known === status) ? (status as Health) : undefined,
    tag: tags.length ? (tags as string[]) : undefined,
    path: text(raw.path) || undefined,
    op: ops.includes(op ?? '') ? (op as Condition['op']) : undefined,
    value: text(raw.value),
    sort: raw.sort === 'status' ? 'status' : undefined,
    new: raw.new === true ? true : undefined,
  };
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as ListSearch;
}

/** What the API is asked for. */
export function filterOf({ q, integration, status, tag, path, op, value, sort }: ListSearch): ConnectionFilter {
  return {
    search: q,
    integration,
    status,
    tags: tag?.map((one) => [one.slice(0, one.indexOf(':')), one.slice(one.indexOf(':') + 1)]),
    condition: path && op ? { path, op, value } : undefined,
    sort,
  };
}

const opWords: Record<Condition['op'], string> = { is: 'is', is_not: 'is not', set: 'is set', unset: 'is not set' };
export const operators = Object.entries(opWords).map(([value, label]) => ({ value: value as Condition['op'], label }));

/** `/fieldMapping/stage` as people write it: fieldMapping.stage. */
export const dotted = (pointer: string) =>
  pointer.replace(/^\//, '').split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')).join('.');

/** What was typed as a path, as a pointer: fieldMapping.stage or /fieldMapping/stage. */
export const pointer = (typed: string) => (typed.startsWith('/') ? typed : `/${typed.split('.').join('/')}`);

/** A condition as a sentence: "fieldMapping.stage is deal_stage". */
export const conditionText = ({ path, op, value }: Condition) =>
  `${dotted(path)} ${opWords[op]}${op === 'is' || op === 'is_not' ? ` ${value}` : ''}`;

/** The filters that are on, as chips: what each says, and the search without it. */
export function chips(search: ListSearch, integrations: { unique_key: string; display_name: string }[], words: Record<Health, string>) {
  const list: { key: string; text: string; without: ListSearch }[] = [];
  const add = (key: string, text: string, without: ListSearch) => list.push({ key, text, without });
  if (search.integration) {
    const name = integrations.find((one) => one.unique_key === search.integration)?.display_name ?? search.integration;
    add('integration', `Integration: ${name}`, { ...search, integration: undefined });
  }
  if (search.status) add('status', `Status: ${words[search.status]}`, { ...search, status: undefined });
  for (const tag of search.tag ?? []) {
    const rest = search.tag?.filter((one) => one !== tag);
    add(`tag-${tag}`, `Tag ${tag.replace(':', ' = ')}`, { ...search, tag: rest?.length ? rest : undefined });
  }
  if (search.path && search.op) {
    const text = conditionText({ path: search.path, op: search.op, value: search.value });
    add('condition', text, { ...search, path: undefined, op: undefined, value: undefined });
  }
  return list;
}
