// structuredClone of the HTML standard, for what exists here.
import { bytesOf, isArrayBuffer } from '../intrinsics.js';
import { Blob, File, blobBytes } from './blob.js';

const ERRORS = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const toStringTag = (/** @type {unknown} */ value) => Object.prototype.toString.call(value);

/**
 * @param {any} value
 * @param {{ transfer?: ArrayBuffer[] }} [options]
 * @returns {any}
 */
export function structuredClone(value, options) {
  if (arguments.length === 0) throw new TypeError("The \"value\" argument must be specified");
  /** @type {Map<unknown, unknown>} */
  const copies = new Map();
  for (const buffer of options?.transfer ?? []) {
    if (!isArrayBuffer(buffer)) throw failure('Value not transferable');
    copies.set(buffer, /** @type {any} */ (buffer).transfer());
  }
  return copy(value, copies);
}

/** @param {any} value @param {Map<unknown, unknown>} copies @returns {any} */
function copy(value, copies) {
  if (typeof value === 'symbol' || typeof value === 'function') throw failure(`${String(value)} could not be cloned.`);
  if (typeof value !== 'object' || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const made = shell(value, copies);
  copies.set(value, made);
  if (made instanceof Map && value instanceof Map) for (const [key, item] of [...value]) made.set(copy(key, copies), copy(item, copies));
  else if (made instanceof Set && value instanceof Set) for (const item of [...value]) made.add(copy(item, copies));
  else if (made instanceof Error && value instanceof Error) {
    if (Object.hasOwn(value, 'cause')) Object.defineProperty(made, 'cause', { value: copy(value.cause, copies), writable: true, configurable: true });
  } else if (Array.isArray(made) || toStringTag(made) === '[object Object]') {
    for (const key of Object.keys(value)) made[key] = copy(value[key], copies);
  }
  return made;
}

/**
 * The copy without what is inside of it that has to be copied too.
 * @param {any} value
 * @param {Map<unknown, unknown>} copies
 * @returns {any}
 */
function shell(value, copies) {
  if (Array.isArray(value)) return new Array(value.length);
  if (value instanceof Blob) return value instanceof File ? new File([blobBytes(value)], value.name, value) : value.slice(0, undefined, value.type);
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof RegExp) return new RegExp(value.source, value.flags);
  if (value instanceof Map) return new Map();
  if (value instanceof Set) return new Set();
  if (value instanceof Error) return errorShell(value);
  if (isArrayBuffer(value)) return value.slice(0);
  if (ArrayBuffer.isView(value)) return viewShell(value, copies);
  for (const Wrapper of [Number, String, Boolean, BigInt]) {
    if (value instanceof /** @type {any} */ (Wrapper)) return Object(value.valueOf());
  }
  if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef || value instanceof Promise) {
    throw failure(`#<${toStringTag(value).slice(8, -1)}> could not be cloned.`);
  }
  return {};
}

/** @param {Error} error @returns {Error} */
function errorShell(error) {
  const Class = /** @type {any} */ (ERRORS)[error.name] ?? Error;
  const blank = new Class();
  for (const name of ['message', 'stack']) {
    if (typeof (/** @type {any} */ (error)[name]) === 'string') {
      Object.defineProperty(blank, name, { value: /** @type {any} */ (error)[name], writable: true, configurable: true, enumerable: false });
    }
  }
  return blank;
}

/** @param {any} view @param {Map<unknown, unknown>} copies @returns {any} */
function viewShell(view, copies) {
  const whole = bytesOf(view);
  if (whole === undefined) throw failure('The view could not be cloned.');
  const buffer = copies.get(view.buffer) ?? view.buffer.slice(0);
  copies.set(view.buffer, buffer);
  // A Buffer becomes a Uint8Array, as everywhere.
  const Class = view instanceof DataView ? DataView : view instanceof Uint8Array ? Uint8Array : view.constructor;
  return new Class(buffer, view.byteOffset, view instanceof DataView ? view.byteLength : view.length);
}

/** @param {string} message @returns {Error} */
function failure(message) {
  return new DOMException(message, 'DataCloneError');
}
