// Equality of structures, as `util.isDeepStrictEqual` and `assert.deepEqual` mean it.
import types from 'util/types';

/** @param {any} a @param {any} b @returns {boolean} same types, prototypes and values */
export const deepStrictEqual = (a, b) => compare(a, b, true, []);
/** @param {any} a @param {any} b @returns {boolean} primitives by `==`, prototypes do not count */
export const deepLooseEqual = (a, b) => compare(a, b, false, []);

/**
 * @param {any} a
 * @param {any} b
 * @param {boolean} strict
 * @param {[unknown, unknown][]} above the pairs that are being compared: a cycle is equal if all else is
 * @returns {boolean}
 */
function compare(a, b, strict, above) {
  if (Object.is(a, b)) return true;
  const areObjects = typeof a === 'object' && a !== null && typeof b === 'object' && b !== null;
  // eslint-disable-next-line eqeqeq
  if (!areObjects) return !strict && typeof a !== 'function' && typeof b !== 'function' && (a == b || (a !== a && b !== b)) && (typeof a !== 'object' || a === null) === (typeof b !== 'object' || b === null);
  if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const tag = Object.prototype.toString.call(a);
  if (tag !== Object.prototype.toString.call(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  if (!sameValue(a, b)) return false;
  if (above.some(([left, right]) => left === a && right === b)) return true;
  above.push([a, b]);
  const equal = sameBytes(a, b) && sameEntries(a, b, strict, above) && sameProperties(a, b, strict, above);
  above.pop();
  return equal;
}

/** What objects of some kinds are, beside their properties. @param {any} a @param {any} b @returns {boolean} */
function sameValue(a, b) {
  if (types.isDate(a)) return types.isDate(b) && Object.is(a.getTime(), b.getTime());
  if (types.isRegExp(a)) return `${a}` === `${b}` && a.lastIndex === b.lastIndex;
  if (types.isNativeError(a) || a instanceof Error) return a.message === b.message && a.name === b.name;
  if (types.isBoxedPrimitive(a)) return types.isBoxedPrimitive(b) && Object.is(a.valueOf(), b.valueOf());
  if (types.isMap(a) || types.isSet(a)) return a.size === b.size;
  if (Array.isArray(a)) return a.length === b.length;
  return !(types.isPromise(a) || types.isWeakMap(a) || types.isWeakSet(a));
}

/** @param {any} a @param {any} b @returns {boolean} */
function sameBytes(a, b) {
  const bytes = (/** @type {any} */ value) => (types.isAnyArrayBuffer(value) ? new Uint8Array(value) : ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined);
  const [left, right] = [bytes(a), bytes(b)];
  if (left === undefined || right === undefined) return left === right;
  if (types.isFloat32Array(a) || types.isFloat64Array(a)) return a.length === b.length && a.every((/** @type {number} */ item, /** @type {number} */ at) => Object.is(item, b[at]));
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

/** @param {any} a @param {any} b @param {boolean} strict @param {[unknown, unknown][]} above @returns {boolean} */
function sameEntries(a, b, strict, above) {
  if (!types.isMap(a) && !types.isSet(a)) return true;
  const pairs = (/** @type {any} */ value) => (types.isMap(value) ? [...value] : [...value].map((item) => [item, item]));
  const left = [];
  for (const [key, value] of pairs(a)) {
    if (b.has(key)) {
      if (types.isMap(a) && !compare(value, b.get(key), strict, above)) return false;
    } else left.push([key, value]);
  }
  const right = pairs(b).filter(([key]) => !a.has(key));
  return left.length === right.length && left.every(([key, value]) => {
    const at = right.findIndex(([other, item]) => compare(key, other, strict, above) && compare(value, item, strict, above));
    if (at >= 0) right.splice(at, 1);
    return at >= 0;
  });
}

/** @param {any} a @param {any} b @param {boolean} strict @param {[unknown, unknown][]} above @returns {boolean} */
function sameProperties(a, b, strict, above) {
  if (ArrayBuffer.isView(a)) return true;
  const keys = (/** @type {any} */ value) => {
    const symbols = strict ? Object.getOwnPropertySymbols(value).filter((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol)) : [];
    return [...Object.keys(value), ...symbols];
  };
  const left = keys(a);
  return left.length === keys(b).length && left.every((key) => Object.hasOwn(b, key) && compare(a[key], b[key], strict, above));
}
