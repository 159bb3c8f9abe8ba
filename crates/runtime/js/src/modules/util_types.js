// The module `util/types`: what a value is, whatever its prototype says.
const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
const tagOfArray = /** @type {any} */ (Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)).get;
const toStringTag = (/** @type {unknown} */ value) => Object.prototype.toString.call(value).slice(8, -1);
const isObject = (/** @type {unknown} */ value) => (typeof value === 'object' && value !== null) || typeof value === 'function';

/**
 * A test that asks a method which works on its own kind only.
 * @param {any} prototype
 * @param {string} name of a method without side effects, or of an accessor
 * @param {any[]} given
 * @returns {(value: unknown) => boolean}
 */
function brand(prototype, name, ...given) {
  const { get, value: method } = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(prototype, name));
  return (value) => {
    if (!isObject(value)) return false;
    try {
      Reflect.apply(get ?? method, value, given);
      return true;
    } catch {
      return false;
    }
  };
}

/** @param {string} name @returns {(value: unknown) => boolean} */
const view = (name) => (value) => ArrayBuffer.isView(value) && tagOfArray.call(value) === name;

export const isDate = brand(Date.prototype, 'getTime');
export const isMap = brand(Map.prototype, 'size');
export const isSet = brand(Set.prototype, 'size');
export const isWeakMap = brand(WeakMap.prototype, 'has', {});
export const isWeakSet = brand(WeakSet.prototype, 'has', {});
export const isArrayBuffer = brand(ArrayBuffer.prototype, 'byteLength');
export const isSharedArrayBuffer = typeof SharedArrayBuffer === 'undefined' ? () => false : brand(SharedArrayBuffer.prototype, 'byteLength');
export const isAnyArrayBuffer = (/** @type {unknown} */ value) => isArrayBuffer(value) || isSharedArrayBuffer(value);
export const isArrayBufferView = (/** @type {unknown} */ value) => ArrayBuffer.isView(value);
export const isDataView = (/** @type {unknown} */ value) => ArrayBuffer.isView(value) && tagOfArray.call(value) === undefined;
export const isTypedArray = (/** @type {unknown} */ value) => ArrayBuffer.isView(value) && tagOfArray.call(value) !== undefined;
export const isUint8Array = view('Uint8Array');
export const isUint8ClampedArray = view('Uint8ClampedArray');
export const isUint16Array = view('Uint16Array');
export const isUint32Array = view('Uint32Array');
export const isInt8Array = view('Int8Array');
export const isInt16Array = view('Int16Array');
export const isInt32Array = view('Int32Array');
export const isFloat32Array = view('Float32Array');
export const isFloat64Array = view('Float64Array');
export const isBigInt64Array = view('BigInt64Array');
export const isBigUint64Array = view('BigUint64Array');
export const isNumberObject = (/** @type {unknown} */ value) => isObject(value) && brand(Number.prototype, 'valueOf')(value);
export const isStringObject = (/** @type {unknown} */ value) => isObject(value) && brand(String.prototype, 'valueOf')(value);
export const isBooleanObject = (/** @type {unknown} */ value) => isObject(value) && brand(Boolean.prototype, 'valueOf')(value);
export const isBigIntObject = (/** @type {unknown} */ value) => isObject(value) && brand(BigInt.prototype, 'valueOf')(value);
export const isSymbolObject = (/** @type {unknown} */ value) => isObject(value) && brand(Symbol.prototype, 'valueOf')(value);
export const isBoxedPrimitive = (/** @type {unknown} */ value) => (
  isNumberObject(value) || isStringObject(value) || isBooleanObject(value) || isBigIntObject(value) || isSymbolObject(value)
);
export const isNativeError = (/** @type {unknown} */ value) => value instanceof Error && toStringTag(value) === 'Error';
export const isPromise = (/** @type {unknown} */ value) => value instanceof Promise && toStringTag(value) === 'Promise';
export const isRegExp = (/** @type {unknown} */ value) => value instanceof RegExp && toStringTag(value) === 'RegExp';
export const isAsyncFunction = (/** @type {unknown} */ value) => typeof value === 'function' && /^Async(Generator)?Function$/.test(toStringTag(value));
export const isGeneratorFunction = (/** @type {unknown} */ value) => typeof value === 'function' && /GeneratorFunction$/.test(toStringTag(value));
export const isGeneratorObject = (/** @type {unknown} */ value) => isObject(value) && /^(Async)?Generator$/.test(toStringTag(value));
export const isMapIterator = (/** @type {unknown} */ value) => isObject(value) && toStringTag(value) === 'Map Iterator';
export const isSetIterator = (/** @type {unknown} */ value) => isObject(value) && toStringTag(value) === 'Set Iterator';
export const isArgumentsObject = (/** @type {unknown} */ value) => typeof value === 'object' && toStringTag(value) === 'Arguments';
export const isModuleNamespaceObject = (/** @type {unknown} */ value) => isObject(value) && toStringTag(value) === 'Module';
/** Nothing can tell a proxy from its target here. */
export const isProxy = () => false;
export const isExternal = () => false;
export const isKeyObject = (/** @type {any} */ value) => isObject(value) && toStringTag(value) === 'KeyObject';
export const isCryptoKey = (/** @type {any} */ value) => isObject(value) && toStringTag(value) === 'CryptoKey';

export default {
  isAnyArrayBuffer, isArgumentsObject, isArrayBuffer, isArrayBufferView, isAsyncFunction, isBigInt64Array, isBigIntObject, isBigUint64Array,
  isBooleanObject, isBoxedPrimitive, isCryptoKey, isDataView, isDate, isExternal, isFloat32Array, isFloat64Array, isGeneratorFunction,
  isGeneratorObject, isInt16Array, isInt32Array, isInt8Array, isKeyObject, isMap, isMapIterator, isModuleNamespaceObject, isNativeError,
  isNumberObject, isPromise, isProxy, isRegExp, isSet, isSetIterator, isSharedArrayBuffer, isStringObject, isSymbolObject, isTypedArray,
  isUint16Array, isUint32Array, isUint8Array, isUint8ClampedArray, isWeakMap, isWeakSet,
};
