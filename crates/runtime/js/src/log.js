// nango.log and its level filter. Log lines are sent without waiting for an answer.
import { hasOwn, isArray, lowerCase, objectAssign, objectCreate, stringSlice, toText } from './intrinsics.js';
import { tell } from './host.js';
import { inspect } from './inspect.js';
import { plainJson } from './json.js';

/** @typedef {'debug' | 'info' | 'warn' | 'error'} Level */

/** Longest message kept, in characters. */
const MESSAGE_LIMIT = 10_000;

/** @type {Record<string, Level>} */
const LEVELS = objectAssign(objectCreate(null), {
  debug: 'debug', verbose: 'debug', silly: 'debug', http: 'info', info: 'info', warn: 'warn', error: 'error',
});
/** @type {Record<string, number>} */
const ORDER = objectAssign(objectCreate(null), { debug: 0, info: 1, warn: 2, error: 3, off: 4 });

let threshold = 'info';

/** @param {unknown} level the lowest level that is sent; `off` sends nothing */
export function setThreshold(level) {
  threshold = typeof level === 'string' && level in ORDER ? level : 'info';
}

/** @returns {string} */
export function currentThreshold() {
  return threshold;
}

/**
 * @param {Level} level
 * @returns {boolean}
 */
export function enabled(level) {
  return ORDER[level] >= ORDER[threshold];
}

/**
 * @param {Level} level
 * @param {string} message
 * @param {unknown} [meta]
 */
export function write(level, message, meta) {
  if (!enabled(level)) return;
  const text = message.length > MESSAGE_LIMIT ? `${stringSlice(message, 0, MESSAGE_LIMIT)}…` : message;
  tell('log', { level, message: text, meta });
}

/**
 * `nango.log(message, meta?, { level }?)`: the last argument holds the options when it is an object with a `level`.
 * @param {...unknown} given
 * @returns {Promise<void>}
 */
export async function log(...given) {
  let count = given.length;
  const last = /** @type {any} */ (given[count - 1]);
  let level = /** @type {Level} */ ('info');
  if (count > 0 && isOptions(last)) {
    count -= 1;
    level = LEVELS[lowerCase(toText(last.level))] ?? 'info';
  }
  if (!enabled(level)) return;
  const message = count > 0 ? given[0] : '';
  write(level, typeof message === 'string' ? message : inspect(message), count > 1 ? metaObject(given[1]) : undefined);
}

/**
 * `nango.setLogger({ level })`; a level of `off` set by the operator stays.
 * @param {{ level?: unknown }} options
 */
export function setLogger(options) {
  const level = options?.level;
  if (threshold !== 'off' && typeof level === 'string') setThreshold(level === 'off' ? level : (LEVELS[level] ?? threshold));
}

/**
 * @param {unknown} value
 * @returns {boolean}
 */
function isOptions(value) {
  return typeof value === 'object' && value !== null && !isArray(value) && hasOwn(value, 'level');
}

/**
 * Details are always an object on the wire: lists become objects keyed by index, other values are wrapped.
 * @param {unknown} meta
 * @returns {object | undefined}
 */
function metaObject(meta) {
  if (meta === undefined || meta === null) return undefined;
  if (typeof meta !== 'object') return { value: plainJson(meta) };
  const plain = plainJson(meta);
  if (isArray(plain)) return objectAssign({}, plain);
  return typeof plain === 'object' && plain !== null ? plain : { value: plain };
}
