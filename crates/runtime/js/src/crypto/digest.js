// Hashes and keyed hashes.
import { exactBuffer } from '../intrinsics.js';
import { join } from '../text.js';
import { algorithmOf, ALGORITHMS, inputBytes, native, output } from './input.js';
import { secretBytes } from './keys.js';

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
  const secret = exactBuffer(secretBytes(key).slice());
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
