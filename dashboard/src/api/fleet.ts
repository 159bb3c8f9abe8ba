// What the customers of an integration have in common, and changes of many of them.
import { queryOptions } from '@tanstack/react-query';
import { address, call } from './call';
import type { Condition, ConnectionFilter } from './connections';
import type { Schemas } from './types';

export type PathReport = Omit<Schemas['PathReport'], 'values' | 'deviants'> & {
  values: { value: unknown; count: number }[];
  deviants: { connection_id: string; value: unknown }[];
};
export type FleetReport = Omit<Schemas['FleetReport'], 'paths'> & { paths: PathReport[] };

/** Of which customers the report is to tell. */
export type FleetFilter = Pick<ConnectionFilter, 'search' | 'status' | 'tags' | 'condition'> & {
  /** How many of the newest runs are asked what they read. */
  runs?: number;
};

function condition({ path, op, value }: Condition): Record<string, string | undefined> {
  if (op === 'set' || op === 'unset') return { 'where[path]': path, 'where[set]': String(op === 'set') };
  return { 'where[path]': path, [`where[${op}]`]: value };
}

/** Which paths customers set, to what, and who does it otherwise. */
export const fleetQuery = (environment: string, key: string, filter: FleetFilter = {}) =>
  queryOptions({
    queryKey: ['fleet', environment, key, filter],
    queryFn: ({ signal }) =>
      call<FleetReport>('GET', address('/integrations/{key}/metadata/fleet', { key }), {
        environment,
        signal,
        query: {
          runs: filter.runs,
          invalid: filter.status === 'invalid' || undefined,
          outdated: filter.status === 'outdated' || undefined,
          ...Object.fromEntries((filter.tags ?? []).map(([name, value]) => [`tags[${name}]`, value])),
          ...(filter.condition ? condition(filter.condition) : {}),
        },
      }),
    staleTime: 20_000,
  });

export type Promotion = Schemas['PromotionReport'];

/** Makes a value a default, and removes it where customers have it as their own. */
export const promote = (environment: string, key: string, body: { path: string; value: unknown; dry_run: boolean; reason?: string }) =>
  call<Promotion>('POST', address('/integrations/{key}/metadata/promote', { key }), { environment, body });

/** Of whom a change of many is: those that are named, or those that fit. */
export interface BulkSelection {
  connection_ids?: string[];
  tags?: Record<string, string>;
  where?: { path: string; is?: unknown; is_not?: unknown; set?: boolean };
}

export type BulkReport = Schemas['BulkReport'];

/** Changes many, or with `dry_run` only tells what would come of it. */
export const changeMany = (
  environment: string,
  key: string,
  body: BulkSelection & { json_patch?: unknown[]; merge_patch?: unknown; dry_run: boolean; reason?: string },
  signal?: AbortSignal,
) => call<BulkReport>('POST', address('/integrations/{key}/metadata/bulk', { key }), { environment, body, signal });

/** The parts of a JSON pointer. */
export const parts = (pointer: string) =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The value at a path; undefined where there is nothing. */
export function at(document: unknown, pointer: string): unknown {
  let here = document;
  for (const part of parts(pointer)) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Record<string, unknown>)[part];
  }
  return here;
}

/** The merge patch that sets `pointer` to `value`; null removes it. */
export function mergePatch(pointer: string, value: unknown): unknown {
  return parts(pointer).reduceRight((inner, part) => ({ [part]: inner }), value);
}

/** A value in a few characters. */
export function brief(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value);
}

/** What a person typed as a value: JSON where it is JSON, else the text itself. */
export function typedValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
