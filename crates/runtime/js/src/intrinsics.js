// The built-ins that the runtime itself relies on, taken before any user code runs. A function may replace `JSON` or
// `Array.prototype.map`; that must change its own behaviour only, never ours.

const { bind, call } = Function.prototype;

/**
 * Turns a method into a function that takes `this` as its first argument and cannot be redirected afterwards.
 * @param {Function} method
 * @returns {(self: any, ...rest: any[]) => any}
 * @__NO_SIDE_EFFECTS__
 */
function uncurry(method) {
  return bind.call(call, method);
}

/**
 * Turns an accessor property into a function.
 * @param {object} prototype
 * @param {string | symbol} name
 * @returns {(self: any) => any}
 * @__NO_SIDE_EFFECTS__
 */
function getter(prototype, name) {
  return uncurry(/** @type {any} */ (Object.getOwnPropertyDescriptor(prototype, name)).get);
}

export const { stringify: jsonStringify, parse: jsonParse } = JSON;
export const {
  keys: objectKeys, create: objectCreate, assign: objectAssign, hasOwn, defineProperty, getPrototypeOf,
} = Object;
export const { isArray } = Array;
export const { isView } = ArrayBuffer;
export const { isFinite: isFiniteNumber, isInteger } = Number;
export const { fromCharCode } = String;
export const { floor, min, max } = Math;
export const {
  construct: reflectConstruct, get: reflectGet, set: reflectSet, has: reflectHas, deleteProperty: reflectDelete, defineProperty: reflectDefine,
  getOwnPropertyDescriptor: reflectGetDescriptor, ownKeys: reflectKeys, preventExtensions: reflectPreventExtensions,
} = Reflect;
export const {
  String: toText, Number: toNumber, Boolean: toBoolean, Date: DateClass, Error: ErrorClass, TypeError: TypeErrorClass,
  Promise: PromiseClass, Map: MapClass, Set: SetClass, Proxy: ProxyClass, Uint8Array: Bytes, ArrayBuffer: ArrayBufferClass,
} = globalThis;
export const { encodeURIComponent: encodeComponent, decodeURIComponent: decodeComponent } = globalThis;

export const arraySlice = uncurry(Array.prototype.slice);
export const arrayPush = uncurry(Array.prototype.push);
export const arrayJoin = uncurry(Array.prototype.join);
export const arraySort = uncurry(Array.prototype.sort);
export const arraySplice = uncurry(Array.prototype.splice);
export const stringSlice = uncurry(String.prototype.slice);
export const stringSplit = uncurry(String.prototype.split);
export const stringTrim = uncurry(String.prototype.trim);
export const stringIndexOf = uncurry(String.prototype.indexOf);
export const stringStartsWith = uncurry(String.prototype.startsWith);
export const stringReplaceAll = uncurry(String.prototype.replaceAll);
export const charCodeAt = uncurry(String.prototype.charCodeAt);
export const lowerCase = uncurry(String.prototype.toLowerCase);
export const upperCase = uncurry(String.prototype.toUpperCase);
export const wellFormed = uncurry(String.prototype.toWellFormed);
export const regExec = uncurry(RegExp.prototype.exec);
export const regReplace = uncurry(RegExp.prototype[Symbol.replace]);
export const dateToIso = uncurry(Date.prototype.toISOString);
export const dateTime = uncurry(Date.prototype.getTime);
export const promiseThen = uncurry(Promise.prototype.then);
export const mapGet = uncurry(Map.prototype.get);
export const mapSet = uncurry(Map.prototype.set);
export const mapDelete = uncurry(Map.prototype.delete);
export const mapClear = uncurry(Map.prototype.clear);
export const mapForEach = uncurry(Map.prototype.forEach);
export const mapSize = getter(Map.prototype, 'size');
export const setHas = uncurry(Set.prototype.has);
export const setForEach = uncurry(Set.prototype.forEach);
export const setSize = getter(Set.prototype, 'size');
export const bytesSet = uncurry(Bytes.prototype.set);
export const bytesSubarray = uncurry(Bytes.prototype.subarray);
const bufferSlice = uncurry(ArrayBuffer.prototype.slice);
export const objectToString = uncurry(Object.prototype.toString);
export const functionToString = uncurry(Function.prototype.toString);
export const apply = uncurry(Function.prototype.apply);

const typedArray = getPrototypeOf(Bytes.prototype);
const viewBuffer = getter(typedArray, 'buffer');
const viewOffset = getter(typedArray, 'byteOffset');
const viewLength = getter(typedArray, 'byteLength');
const dataViewBuffer = getter(DataView.prototype, 'buffer');
const dataViewOffset = getter(DataView.prototype, 'byteOffset');
const dataViewLength = getter(DataView.prototype, 'byteLength');
const arrayBufferLength = getter(ArrayBuffer.prototype, 'byteLength');
const typedTag = getter(typedArray, Symbol.toStringTag);

/**
 * Is the value an ArrayBuffer (decided by what it is, not by its prototype)?
 * @param {unknown} value
 * @returns {value is ArrayBuffer}
 */
export function isArrayBuffer(value) {
  if (typeof value !== 'object' || value === null) return false;
  try {
    arrayBufferLength(value);
    return true;
  } catch {
    return false;
  }
}

/**
 * The bytes of an ArrayBuffer or of any view on one, without copying; undefined for everything else.
 * @param {unknown} value
 * @returns {Uint8Array | undefined}
 */
export function bytesOf(value) {
  if (isView(value)) {
    return typedTag(value) === undefined
      ? new Bytes(dataViewBuffer(value), dataViewOffset(value), dataViewLength(value))
      : new Bytes(viewBuffer(value), viewOffset(value), viewLength(value));
  }
  return isArrayBuffer(value) ? new Bytes(value) : undefined;
}

/**
 * An ArrayBuffer with exactly these bytes: the view's own buffer when it covers all of it, otherwise a copy.
 * @param {Uint8Array} bytes
 * @returns {ArrayBuffer}
 */
export function exactBuffer(bytes) {
  const buffer = viewBuffer(bytes);
  const offset = viewOffset(bytes);
  const length = viewLength(bytes);
  return offset === 0 && length === arrayBufferLength(buffer) ? buffer : bufferSlice(buffer, offset, offset + length);
}
