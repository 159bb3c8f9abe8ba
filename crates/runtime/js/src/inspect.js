// Values as text for log lines, in the style of Node's console.
import {
  arrayJoin, bytesOf, DateClass, dateTime, dateToIso, functionToString, getPrototypeOf, hasOwn, isArray, jsonStringify,
  MapClass, mapForEach, mapSize, min, objectKeys, objectToString, regExec, SetClass, setForEach, setSize, stringSlice, toNumber, toText,
} from './intrinsics.js';
import { isError, read } from './json.js';
import { isSearchParams, URL } from './url.js';

const DEPTH_LIMIT = 4;
const ENTRY_LIMIT = 100;
const LENGTH_LIMIT = 10_000;
const LINE_WIDTH = 72;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * @param {unknown} value
 * @returns {string} at most about 10,000 characters
 */
export function inspect(value) {
  const state = { above: /** @type {unknown[]} */ ([]), left: LENGTH_LIMIT };
  const shown = show(value, 0, state);
  return shown.length > LENGTH_LIMIT ? `${stringSlice(shown, 0, LENGTH_LIMIT)}…` : shown;
}

/**
 * The arguments of a console call as one line: `%s %d %i %f %j %o %O %c` are filled in, the rest is appended.
 * @param {unknown[]} values
 * @returns {string}
 */
export function format(values) {
  const parts = [];
  let next = 0;
  if (typeof values[0] === 'string') {
    next = 1;
    parts[0] = values.length > 1 ? fill(values[0]) : values[0];
  }
  for (; next < values.length; next += 1) {
    const value = values[next];
    parts[parts.length] = typeof value === 'string' ? value : inspect(value);
  }
  return arrayJoin(parts, ' ');

  /** @param {string} template */
  function fill(template) {
    let filled = '';
    for (let index = 0; index < template.length; index += 1) {
      const kind = template[index] === '%' ? template[index + 1] : undefined;
      if (kind === '%') filled += '%';
      else if (kind === undefined || next >= values.length) {
        filled += template[index];
        continue;
      } else {
        const text = placeholder(kind, values[next]);
        if (text === undefined) {
          filled += template[index];
          continue;
        }
        next += 1;
        filled += text;
      }
      index += 1;
    }
    return filled;
  }
}

/**
 * @param {string} kind the letter after the percent sign
 * @param {any} value
 * @returns {string | undefined} undefined when the letter means nothing
 */
function placeholder(kind, value) {
  switch (kind) {
    case 's': return typeof value === 'string' ? value : inspect(value);
    case 'd': return typeof value === 'object' ? 'NaN' : `${typeof value === 'bigint' ? `${value}n` : toNumberText(value)}`;
    case 'i': return typeof value === 'object' ? 'NaN' : toNumberText(value, true);
    case 'f': return toNumberText(value);
    case 'j': case 'o': case 'O': return inspect(value);
    case 'c': return '';
    default: return undefined;
  }
}

/**
 * @param {any} value
 * @param {boolean} [whole]
 * @returns {string}
 */
function toNumberText(value, whole) {
  if (typeof value === 'symbol' || (typeof value === 'object' && value !== null)) return 'NaN';
  const number = toNumber(value);
  return toText(whole ? number - (number % 1) : number);
}

/**
 * @param {any} value
 * @param {number} depth
 * @param {{ above: unknown[], left: number }} state the objects that contain this one, and the characters left to spend
 * @returns {string}
 */
function show(value, depth, state) {
  const shown = showAny(value, depth, state);
  state.left -= shown.length;
  return shown;
}

/**
 * @param {any} value
 * @param {number} depth
 * @param {{ above: unknown[], left: number }} state
 * @returns {string}
 */
function showAny(value, depth, state) {
  switch (typeof value) {
    case 'string': return depth === 0 ? value : jsonStringify(value.length > 1_000 ? `${stringSlice(value, 0, 1_000)}…` : value);
    case 'bigint': return `${value}n`;
    case 'symbol': return toText(value);
    case 'function': return functionLabel(value);
    case 'object': break;
    default: return value === 0 && 1 / value < 0 ? '-0' : toText(value);
  }
  if (value === null) return 'null';
  if (state.left <= 0) return '…';
  for (let index = 0; index < state.above.length; index += 1) {
    if (state.above[index] === value) return '[Circular]';
  }
  state.above[state.above.length] = value;
  try {
    return showObject(value, depth, state);
  } catch {
    return '[unreadable object]';
  } finally {
    state.above.length -= 1;
  }
}

/**
 * @param {any} value
 * @param {number} depth
 * @param {{ above: unknown[], left: number }} state
 * @returns {string}
 */
function showObject(value, depth, state) {
  const tag = objectToString(value);
  if (isError(value)) return errorText(value, depth, state);
  if (tag === '[object Date]' && value instanceof DateClass) {
    return dateTime(value) === dateTime(value) ? dateToIso(value) : 'Invalid Date';
  }
  if (tag === '[object RegExp]' || tag === '[object Boolean]' || tag === '[object Number]' || tag === '[object String]') return `${value}`;
  if (tag === '[object Promise]') return 'Promise {}';
  if (isSearchParams(value) || value instanceof URL) return `${tag === '[object URL]' ? 'URL' : 'URLSearchParams'} { ${value} }`;
  const bytes = bytesOf(value);
  if (bytes !== undefined) return `${label(value) || 'Bytes'}(${bytes.length})`;
  const name = label(value);
  if (depth >= DEPTH_LIMIT) return `[${isArray(value) ? 'Array' : name || 'Object'}]`;
  /** @type {string[]} */
  const entries = [];
  /** @param {() => string} text */
  const add = (text) => {
    if (entries.length < ENTRY_LIMIT && state.left > 0) entries[entries.length] = text();
  };
  if (isArray(value)) {
    for (let index = 0; index < min(value.length, ENTRY_LIMIT); index += 1) add(() => show(read(value, toText(index)), depth + 1, state));
    return wrap('', '[', entries, ']', value.length, depth);
  }
  if (value instanceof MapClass) {
    mapForEach(value, (/** @type {any} */ item, /** @type {any} */ key) => {
      add(() => `${show(key, depth + 1, state)} => ${show(item, depth + 1, state)}`);
    });
    return wrap(`Map(${mapSize(value)}) `, '{', entries, '}', mapSize(value), depth);
  }
  if (value instanceof SetClass) {
    setForEach(value, (/** @type {any} */ item) => add(() => show(item, depth + 1, state)));
    return wrap(`Set(${setSize(value)}) `, '{', entries, '}', setSize(value), depth);
  }
  const keys = objectKeys(value);
  for (let index = 0; index < min(keys.length, ENTRY_LIMIT); index += 1) add(() => property(value, keys[index], depth, state));
  return wrap(name === 'Object' || name === '' ? '' : `${name} `, '{', entries, '}', keys.length, depth);
}

/**
 * @param {any} value
 * @param {string} key
 * @param {number} depth
 * @param {{ above: unknown[], left: number }} state
 * @returns {string}
 */
function property(value, key, depth, state) {
  return `${regExec(IDENTIFIER, key) === null ? jsonStringify(key) : key}: ${show(read(value, key), depth + 1, state)}`;
}

/**
 * @param {any} error
 * @param {number} depth
 * @param {{ above: unknown[], left: number }} state
 * @returns {string}
 */
function errorText(error, depth, state) {
  const name = toText(read(error, 'name') ?? 'Error');
  const message = toText(read(error, 'message') ?? '');
  const head = message === '' ? name : `${name}: ${message}`;
  const stack = read(error, 'stack');
  const lines = typeof stack === 'string' && depth === 0 ? stack : '';
  let text = lines === '' || lines[0] === ' ' ? (lines === '' ? head : `${head}\n${lines}`) : lines;
  if (depth < DEPTH_LIMIT && hasOwn(error, 'cause')) text += `\n[cause]: ${show(read(error, 'cause'), depth + 1, state)}`;
  if (depth < DEPTH_LIMIT && hasOwn(error, 'payload')) text += `\n${property(error, 'payload', depth, state)}`;
  return text;
}

/**
 * @param {any} value
 * @returns {string} the class name, or nothing when it cannot be read
 */
function label(value) {
  const prototype = getPrototypeOf(value);
  if (prototype === null) return '';
  const maker = read(prototype, 'constructor');
  const name = typeof maker === 'function' ? read(maker, 'name') : undefined;
  return typeof name === 'string' ? name : '';
}

/**
 * @param {any} value
 * @returns {string}
 */
function functionLabel(value) {
  const kind = stringSlice(functionToString(value), 0, 5) === 'class' ? 'class' : 'Function';
  const name = read(value, 'name');
  return typeof name === 'string' && name !== '' ? `[${kind}: ${name}]` : `[${kind} (anonymous)]`;
}

/**
 * @param {string} prefix
 * @param {string} open
 * @param {string[]} entries
 * @param {string} close
 * @param {number} total
 * @param {number} depth
 * @returns {string}
 */
function wrap(prefix, open, entries, close, total, depth) {
  if (total > entries.length) entries[entries.length] = `… ${total - entries.length} more`;
  if (entries.length === 0) return `${prefix}${open}${close}`;
  const line = arrayJoin(entries, ', ');
  if (line.length <= LINE_WIDTH && regExec(/\n/, line) === null) {
    return open === '[' ? `${prefix}[ ${line} ]` : `${prefix}${open} ${line} ${close}`;
  }
  const indent = '                    ';
  const inner = stringSlice(indent, 0, (depth + 1) * 2);
  return `${prefix}${open}\n${inner}${arrayJoin(entries, `,\n${inner}`)}\n${stringSlice(indent, 0, depth * 2)}${close}`;
}
