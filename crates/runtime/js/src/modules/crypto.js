// The module `crypto` / `node:crypto`: hashes, keyed hashes and random values.
import given from 'bespoke:native';
import { Bytes, bytesOf, exactBuffer } from '../intrinsics.js';
import { bufferClass, native, setNative } from '../native.js';
import { join, toBase64, toHex, toLatin1, utf8 } from '../text.js';

setNative(given);

/** Names as the engine knows them. @type {Record<string, string>} */
const ALGORITHMS = Object.assign(Object.create(null), { md5: 'md5', sha1: 'sha1', sha256: 'sha256', sha384: 'sha384', sha512: 'sha512' });
/** Most bytes that getRandomValues gives at once, by the Web Crypto standard. */
const RANDOM_VALUES_LIMIT = 65_536;

/**
 * @param {unknown} name
 * @returns {string}
 */
function algorithmOf(name) {
  const plain = String(name).toLowerCase().replace(/^rsa-/, '').replace(/^sha-/, 'sha');
  const algorithm = ALGORITHMS[plain];
  if (algorithm === undefined) {
    throw new Error(`Digest method not supported: ${String(name)} (there are ${Object.keys(ALGORITHMS).join(', ')})`);
  }
  return algorithm;
}

/**
 * @param {any} data
 * @param {string} [encoding] of text
 * @returns {Uint8Array}
 */
function inputBytes(data, encoding) {
  if (typeof data === 'string') {
    return encoding === undefined || encoding === 'utf8' || encoding === 'utf-8' ? utf8(data) : bufferClass().from(data, encoding);
  }
  const bytes = bytesOf(data);
  if (bytes !== undefined) return bytes;
  throw Object.assign(new TypeError('The data must be a string, a Buffer, a TypedArray or a DataView'), { code: 'ERR_INVALID_ARG_TYPE' });
}

/**
 * @param {ArrayBuffer} result
 * @param {string} [encoding]
 * @returns {any} a Buffer without an encoding
 */
function output(result, encoding) {
  const bytes = new Bytes(result);
  switch (encoding) {
    case 'hex': return toHex(bytes);
    case 'base64': return toBase64(bytes);
    case 'base64url': return toBase64(bytes, true);
    case 'latin1': case 'binary': return toLatin1(bytes);
    default: {
      const buffer = bufferClass().from(result);
      return encoding === undefined || encoding === 'buffer' ? buffer : buffer.toString(encoding);
    }
  }
}

/** Collects data and computes once at the end: what Hash and Hmac have in common. */
class Digest {
  /** @type {Uint8Array[]} */
  #chunks;
  #compute;
  #done = false;

  /**
   * @param {(data: ArrayBuffer) => ArrayBuffer} compute
   * @param {Uint8Array[]} [chunks]
   */
  constructor(compute, chunks = []) {
    this.#compute = compute;
    this.#chunks = chunks;
  }

  /** @param {any} data @param {string} [encoding] @returns {this} */
  update(data, encoding) {
    this.#check();
    // A copy: the caller may change its buffer before digest().
    this.#chunks.push(typeof data === 'string' ? inputBytes(data, encoding) : inputBytes(data).slice());
    return this;
  }

  /** @param {string} [encoding] @returns {any} */
  digest(encoding) {
    this.#check();
    this.#done = true;
    return output(this.#compute(join(this.#chunks).buffer), encoding);
  }

  /** @returns {Digest} */
  copy() {
    this.#check();
    return new Digest(this.#compute, [...this.#chunks]);
  }

  #check() {
    if (this.#done) throw Object.assign(new Error('Digest already called'), { code: 'ERR_CRYPTO_HASH_FINALIZED' });
  }
}

/** @param {string} algorithm @returns {Digest} */
export function createHash(algorithm) {
  const name = algorithmOf(algorithm);
  return new Digest((data) => native.hash(name, data));
}

/** @param {string} algorithm @param {any} key @returns {Digest} */
export function createHmac(algorithm, key) {
  const name = algorithmOf(algorithm);
  const secret = exactBuffer(inputBytes(key).slice());
  return new Digest((data) => native.hmac(name, secret, data));
}

/**
 * The digest in one step.
 * @param {string} algorithm
 * @param {any} data
 * @param {string} [encoding]
 * @returns {any}
 */
export function hash(algorithm, data, encoding = 'hex') {
  return output(native.hash(algorithmOf(algorithm), exactBuffer(inputBytes(data))), encoding);
}

/** @returns {string[]} */
export function getHashes() {
  return Object.keys(ALGORITHMS);
}

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
    throw Object.assign(new RangeError(`The size must be a whole number from 0 to 2147483647, not ${size}`), { code: 'ERR_OUT_OF_RANGE' });
  }
  const bytes = bufferClass().from(native.randomBytes(size));
  if (typeof callback !== 'function') return bytes;
  Promise.resolve().then(() => callback(null, bytes));
  return undefined;
}

/**
 * A whole number from `low` up to, but without, `high`; every one is equally likely.
 * @param {number} low
 * @param {number} [high] when left out, the range is from 0 to `low`
 * @returns {number}
 */
export function randomInt(low, high) {
  const start = high === undefined ? 0 : low;
  const range = (high ?? low) - start;
  const total = 2 ** 48;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(range) || range <= 0 || range > total) {
    throw Object.assign(new RangeError('The range must be of whole numbers, not empty and smaller than 2^48'), { code: 'ERR_OUT_OF_RANGE' });
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
    throw Object.assign(new RangeError('Input buffers must have the same byte length'), { code: 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH' });
  }
  return native.timingSafeEqual(exactBuffer(left), exactBuffer(right));
}

/** @template T @param {T} array of integers @returns {T} the same one, filled */
export function getRandomValues(array) {
  const bytes = ArrayBuffer.isView(array) ? bytesOf(array) : undefined;
  if (bytes === undefined) throw new TypeError('The argument must be a typed array of integers');
  if (bytes.length > RANDOM_VALUES_LIMIT) throw new RangeError(`At most ${RANDOM_VALUES_LIMIT} bytes at once`);
  bytes.set(new Bytes(native.randomBytes(bytes.length)));
  return array;
}

/** The global `crypto`. */
export const webcrypto = { randomUUID, getRandomValues };

export default {
  createHash, createHmac, getHashes, getRandomValues, hash, randomBytes, randomInt, randomUUID, timingSafeEqual, webcrypto,
};
