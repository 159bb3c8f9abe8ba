// Turning anything a function hands over into plain JSON data of a bounded size, without ever throwing.
import {
  arraySort, ErrorClass, isArray, jsonParse, jsonStringify, min, objectKeys, stringSlice,
} from './intrinsics.js';

/** Largest payload or log detail kept, in characters of JSON. */
export const DATA_LIMIT = 99_000;
/** Deepest nesting and largest number of entries per level that the careful copy keeps. */
const DEPTH_LIMIT = 8;
const ENTRY_LIMIT = 200;

/**
 * Reads a property that may be a getter that throws.
 * @param {any} object
 * @param {string} key
 * @returns {any}
 */
export function read(object, key) {
  try {
    return object[key];
  } catch {
    return undefined;
  }
}

/**
 * The value as JSON data; what JSON cannot hold (cycles, bigints, throwing getters) is replaced by a text that says so.
 * @param {unknown} value
 * @returns {any} null when there is nothing to represent
 */
export function plainJson(value) {
  let text;
  try {
    text = jsonStringify(value, withErrors);
  } catch {
    text = jsonStringify(carefulCopy(value, 0, []));
  }
  if (text === undefined) return null;
  const plain = jsonParse(text);
  return text.length > DATA_LIMIT ? shrink(plain) : plain;
}

/**
 * JSON shows nothing of an error, because its name and message are not listed as its own.
 * @param {string} _key
 * @param {any} value
 * @returns {any}
 */
function withErrors(_key, value) {
  if (typeof value !== 'object' || value === null || !isError(value)) return value;
  return { name: `${value.name}`, message: `${value.message}`, ...value };
}

/**
 * @param {any} value
 * @param {number} depth
 * @param {unknown[]} above the objects that contain this one
 * @returns {any}
 */
function carefulCopy(value, depth, above) {
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value === 'symbol' || typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  for (let index = 0; index < above.length; index += 1) {
    if (above[index] === value) return '[Circular]';
  }
  if (depth === DEPTH_LIMIT) return '[Object]';
  above[above.length] = value;
  const copy = /** @type {any} */ (isArray(value) ? [] : { __proto__: null });
  if (isError(value)) {
    copy.name = `${read(value, 'name')}`;
    copy.message = `${read(value, 'message')}`;
  }
  let keys = /** @type {string[]} */ ([]);
  try {
    keys = objectKeys(value);
  } catch {
    // A proxy that refuses to be listed: nothing to show.
  }
  for (let index = 0; index < min(keys.length, ENTRY_LIMIT); index += 1) {
    copy[keys[index]] = carefulCopy(read(value, keys[index]), depth + 1, above);
  }
  above.length -= 1;
  return copy;
}

/**
 * @param {unknown} value
 * @returns {boolean}
 */
export function isError(value) {
  try {
    return value instanceof ErrorClass;
  } catch {
    return false;
  }
}

/**
 * Cuts data that is too large: the smallest properties are kept, the others replaced by a note on their size.
 * @param {any} plain
 * @returns {any}
 */
function shrink(plain) {
  if (typeof plain === 'string') return `${stringSlice(plain, 0, DATA_LIMIT)}…`;
  const keys = objectKeys(plain);
  /** @type {{ key: string, size: number }[]} */
  const sizes = [];
  for (let index = 0; index < keys.length; index += 1) {
    sizes[index] = { key: keys[index], size: keys[index].length + jsonStringify(plain[keys[index]]).length + 4 };
  }
  arraySort(sizes, (/** @type {any} */ a, /** @type {any} */ b) => a.size - b.size);
  const kept = /** @type {any} */ ({});
  let total = 2;
  let dropped = 0;
  for (let index = 0; index < sizes.length; index += 1) {
    const { key, size } = sizes[index];
    if (total + size <= DATA_LIMIT) {
      kept[key] = plain[key];
      total += size;
    } else if (typeof plain[key] === 'string' && total + 1_000 <= DATA_LIMIT) {
      kept[key] = `${stringSlice(plain[key], 0, 900)}…`;
      total += 1_000;
    } else {
      dropped += 1;
    }
  }
  if (dropped > 0) kept._truncated = `${dropped} large ${dropped === 1 ? 'value was' : 'values were'} left out`;
  return kept;
}
