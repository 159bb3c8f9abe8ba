// The module `util`. `inspect` and `format` are Node's own code, as npm's `node-inspect-extracted` has it.
import { format, formatWithOptions, inspect, stripVTControlCharacters } from 'node-inspect-extracted';
import { deepStrictEqual as isDeepStrictEqual } from '../deep_equal.js';
import types from 'util/types';

const { TextDecoder, TextEncoder } = globalThis;
const CUSTOM_PROMISIFY = Symbol.for('nodejs.util.promisify.custom');

/**
 * @param {any} original a function whose last argument is a callback
 * @returns {any}
 */
export function promisify(original) {
  requireFunction(original, 'original');
  const custom = original[CUSTOM_PROMISIFY];
  if (custom !== undefined) {
    requireFunction(custom, 'util.promisify.custom');
    return Object.defineProperty(custom, CUSTOM_PROMISIFY, { value: custom, configurable: true });
  }
  /** @this {any} @param {any[]} given */
  function promised(...given) {
    return new Promise((resolve, reject) => {
      original.call(this, ...given, (/** @type {unknown} */ error, /** @type {unknown} */ value) => {
        if (error) reject(error);
        else resolve(value);
      });
    });
  }
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  Object.defineProperty(promised, CUSTOM_PROMISIFY, { value: promised, configurable: true });
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = CUSTOM_PROMISIFY;

/**
 * @param {any} original an async function
 * @returns {any} the same with a callback as its last argument
 */
export function callbackify(original) {
  requireFunction(original, 'original');
  /** @this {any} @param {any[]} given */
  function called(...given) {
    const callback = given.pop();
    requireFunction(callback, 'last argument');
    original.apply(this, given).then(
      (/** @type {unknown} */ value) => queueMicrotask(() => callback.call(this, null, value)),
      (/** @type {unknown} */ reason) => {
        const error = reason || Object.assign(new Error('Promise was rejected with falsy value'), { code: 'ERR_FALSY_VALUE_REJECTION', reason });
        queueMicrotask(() => callback.call(this, error));
      },
    );
  }
  Object.setPrototypeOf(called, Object.getPrototypeOf(original));
  const properties = Object.getOwnPropertyDescriptors(original);
  if (typeof properties.length.value === 'number') properties.length.value += 1;
  if (typeof properties.name.value === 'string') properties.name.value += 'Callbackified';
  return Object.defineProperties(called, properties);
}

/** @param {any} constructor @param {any} parent */
export function inherits(constructor, parent) {
  requireFunction(constructor, 'ctor');
  requireFunction(parent, 'superCtor');
  if (parent.prototype === undefined) throw invalidArgument('The "superCtor.prototype" property must be of type object. Received undefined');
  Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, parent.prototype);
}

/** @type {Set<string>} */
const warned = new Set();

/**
 * @param {any} original
 * @param {string} message
 * @param {string} [code]
 * @returns {any} the same function, which warns once
 */
export function deprecate(original, message, code) {
  let done = false;
  /** @this {any} @param {any[]} given */
  function deprecated(...given) {
    const key = code ?? message;
    if (!done && !(code !== undefined && warned.has(key))) console.warn(`DeprecationWarning: ${code === undefined ? '' : `[${code}] `}${message}`);
    done = true;
    warned.add(key);
    return new.target ? Reflect.construct(original, given, new.target) : Reflect.apply(original, this, given);
  }
  Object.setPrototypeOf(deprecated, original);
  if (original.prototype) deprecated.prototype = original.prototype;
  return deprecated;
}

/** There is no NODE_DEBUG to switch it on. */
export const debuglog = () => Object.assign(() => {}, { enabled: false });
/** @param {string} text @returns {string} */
export const toUSVString = (text) => String(text).toWellFormed();
/** @param {unknown} value @returns {value is unknown[]} */
export const isArray = (value) => Array.isArray(value);

/** @param {any} value @param {string} name */
function requireFunction(value, name) {
  if (typeof value === 'function') return;
  const what = name.includes(' ') ? name : `"${name}" ${name.includes('.') ? 'property' : 'argument'}`;
  throw invalidArgument(`The ${what} must be of type function. Received ${received(value)}`);
}

/** @param {any} value @returns {string} */
function received(value) {
  if (value === null || value === undefined) return `${value}`;
  if (typeof value === 'object') return value.constructor?.name ? `an instance of ${value.constructor.name}` : inspect(value, { depth: -1 });
  const shown = inspect(value, { colors: false });
  return `type ${typeof value} (${shown.length > 28 ? `${shown.slice(0, 25)}...` : shown})`;
}

/** @param {string} message @returns {TypeError} */
function invalidArgument(message) {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}

export { format, formatWithOptions, inspect, isDeepStrictEqual, stripVTControlCharacters, TextDecoder, TextEncoder, types, debuglog as debug };
export default {
  callbackify, debug: debuglog, debuglog, deprecate, format, formatWithOptions, inherits, inspect, isArray, isDeepStrictEqual, promisify,
  stripVTControlCharacters, TextDecoder, TextEncoder, toUSVString, types,
};
