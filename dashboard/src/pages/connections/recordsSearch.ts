import type { Action } from '../../api/records';
import { whole } from '../runs/search';

/** The state of the Records tab in the address. */
export interface RecordsSearch {
  model?: string;
  /** Absent for the base variant. */
  variant?: string;
  action?: Action;
  /** Ids, with commas between them. */
  ids?: string;
  /** Only those that were last written under this revision of the configuration. */
  revision?: number;
  /** The record whose panel is open. */
  record?: string;
}

const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) || undefined : undefined);

export function readRecordsSearch(raw: Record<string, unknown>): RecordsSearch {
  const action = raw.action === 'added' || raw.action === 'updated' || raw.action === 'deleted' ? raw.action : undefined;
  const search = { model: text(raw.model), variant: text(raw.variant), action, ids: text(raw.ids), revision: whole(raw.revision), record: text(raw.record) };
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as RecordsSearch;
}

/** At most as many ids as the server takes. */
export const idsOf = (typed: string | undefined) =>
  (typed ?? '').split(/[\s,]+/).filter(Boolean).slice(0, 100);
