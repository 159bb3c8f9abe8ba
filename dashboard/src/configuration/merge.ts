// Two people changed the same configuration. What they changed apart goes together by itself; where both changed the same
// value, someone has to choose.
import { equal, isObject, type Json, type JsonObject } from './document';

/** A value that both changed, each otherwise. */
export interface Conflict {
  path: string[];
  base: Json | undefined;
  theirs: Json | undefined;
  mine: Json | undefined;
}

export interface Merge {
  /** Everything that goes together; mine where both changed the same. */
  document: JsonObject;
  /** What came in from the other side. */
  taken: string[][];
  conflicts: Conflict[];
}

/** Three-way, value by value. Lists are one value. */
export function merge(base: JsonObject, theirs: JsonObject, mine: JsonObject): Merge {
  const found: Merge = { document: {}, taken: [], conflicts: [] };
  found.document = (mergeAt([], base, theirs, mine, found) as JsonObject | undefined) ?? {};
  return found;
}

function mergeAt(path: string[], base: Json | undefined, theirs: Json | undefined, mine: Json | undefined, found: Merge): Json | undefined {
  if (equal(mine, theirs) || equal(base, theirs)) return mine;
  // An object that both made or changed goes together key by key.
  if (isObject(theirs) && isObject(mine) && (isObject(base) || base === undefined)) {
    const merged: JsonObject = {};
    for (const key of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
      const value = mergeAt([...path, key], own(base, key), own(theirs, key), own(mine, key), found);
      if (value !== undefined) merged[key] = value;
    }
    return merged;
  }
  if (equal(base, mine)) {
    found.taken.push(path);
    return theirs;
  }
  found.conflicts.push({ path, base, theirs, mine });
  return mine;
}

const own = (value: Json | undefined, key: string) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined);
