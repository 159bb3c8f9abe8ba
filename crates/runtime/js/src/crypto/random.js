// Random values.
import { Bytes, bytesOf, exactBuffer } from '../intrinsics.js';
import { bufferClass } from '../native.js';
import { toHex } from '../text.js';
import { callBack, coded, inputBytes, native } from './input.js';

/** Most bytes that getRandomValues gives at once, by the Web Crypto standard. */
const RANDOM_VALUES_LIMIT = 65_536;

/** @returns {string} */
export function randomUUID() {
  const bytes = new Bytes(native.randomBytes(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * @param {number} size
 * @param {(error: Error | null, bytes: any) => void} [callback]
 * @returns {any} a Buffer, unless there is a callback
 */
export function randomBytes(size, callback) {
  if (!Number.isInteger(size) || size < 0 || size > 0x7fffffff) {
    throw coded('ERR_OUT_OF_RANGE', `The size must be a whole number from 0 to 2147483647, not ${size}`, RangeError);
  }
  const make = () => bufferClass().from(native.randomBytes(size));
  return callback === undefined ? make() : callBack(callback, make);
}

/** @template T @param {T} buffer @param {number} [offset] @param {number} [size] @returns {T} the same one, filled */
export function randomFillSync(buffer, offset = 0, size = undefined) {
  const bytes = inputBytes(buffer);
  const part = bytes.subarray(offset, size === undefined ? undefined : offset + size);
  part.set(new Bytes(native.randomBytes(part.length)));
  return buffer;
}

/** @param {any} buffer @param {...any} rest offset, size and a callback */
export function randomFill(buffer, ...rest) {
  const callback = rest.pop();
  callBack(callback, () => randomFillSync(buffer, ...rest));
}

/**
 * A whole number from `low` up to, but without, `high`; every one is equally likely.
 * @param {number} low
 * @param {any} [high] when left out, the range is from 0 to `low`
 * @param {any} [callback]
 * @returns {any}
 */
export function randomInt(low, high, callback) {
  if (typeof high === 'function') return callBack(high, () => randomInt(low));
  if (callback !== undefined) return callBack(callback, () => randomInt(low, high));
  const start = high === undefined ? 0 : low;
  const range = (high ?? low) - start;
  const total = 2 ** 48;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(range) || range <= 0 || range > total) {
    throw coded('ERR_OUT_OF_RANGE', 'The range must be of whole numbers, not empty and smaller than 2^48', RangeError);
  }
  const limit = total - (total % range);
  while (true) {
    const drawn = new Bytes(native.randomBytes(6)).reduce((value, byte) => value * 256 + byte, 0);
    if (drawn < limit) return start + (drawn % range);
  }
}

/** @param {any} a @param {any} b @returns {boolean} */
export function timingSafeEqual(a, b) {
  const left = inputBytes(a);
  const right = inputBytes(b);
  if (left.length !== right.length) {
    throw coded('ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length', RangeError);
  }
  return native.timingSafeEqual(exactBuffer(left), exactBuffer(right));
}

/** @template T @param {T} array of integers @returns {T} the same one, filled */
export function getRandomValues(array) {
  const bytes = ArrayBuffer.isView(array) ? bytesOf(array) : undefined;
  if (bytes === undefined) throw new TypeError('The argument must be a typed array of integers');
  if (bytes.length > RANDOM_VALUES_LIMIT) {
    throw new DOMException(`The ArrayBufferView's byte length (${bytes.length}) exceeds the number of bytes of entropy available via this API (${RANDOM_VALUES_LIMIT})`, 'QuotaExceededError');
  }
  bytes.set(new Bytes(native.randomBytes(bytes.length)));
  return array;
}
