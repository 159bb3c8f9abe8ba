// Signatures, and encryption with RSA.
import { exactBuffer } from '../intrinsics.js';
import { join } from '../text.js';
import { algorithmOf, asked, callBack, coded, inputBytes, native, output } from './input.js';
import { createPublicKey, inside, privateKeyIn } from './keys.js';

export const constants = Object.freeze({
  RSA_PKCS1_PADDING: 1, RSA_NO_PADDING: 3, RSA_PKCS1_OAEP_PADDING: 4, RSA_PKCS1_PSS_PADDING: 6, RSA_PSS_SALTLEN_DIGEST: -1,
  RSA_PSS_SALTLEN_AUTO: -2, RSA_PSS_SALTLEN_MAX_SIGN: -2,
});

/** Bytes of each hash. @type {Record<string, number>} */
const HASH_SIZE = { md5: 16, sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

/**
 * How to sign with a key: what the engine wants to know.
 * @param {any} options
 * @param {any} known
 * @param {string} hash
 * @param {boolean} isSigning
 */
function scheme(options, known, hash, isSigning) {
  const isPss = known.kind === 'rsa' && options?.padding === constants.RSA_PKCS1_PSS_PADDING;
  if (known.kind === 'rsa' && options?.padding !== undefined && !isPss && options.padding !== constants.RSA_PKCS1_PADDING) {
    throw coded('ERR_OSSL_RSA_UNKNOWN_PADDING_TYPE', 'unknown padding type');
  }
  const wanted = options?.saltLength ?? (isSigning ? constants.RSA_PSS_SALTLEN_MAX_SIGN : constants.RSA_PSS_SALTLEN_AUTO);
  const size = HASH_SIZE[hash] ?? 0;
  const most = Math.ceil((known.bits - 1) / 8) - size - 2;
  const salt = wanted === constants.RSA_PSS_SALTLEN_DIGEST ? size : wanted === constants.RSA_PSS_SALTLEN_AUTO ? (isSigning ? most : -1) : wanted;
  return { padding: isPss ? 'pss' : 'pkcs1', salt, flat: options?.dsaEncoding === 'ieee-p1363' };
}

/** @param {string | null | undefined} algorithm @param {any} known @returns {string} */
function hashFor(algorithm, known) {
  if (known.kind === 'ed25519') return '';
  return algorithmOf(algorithm ?? 'sha256');
}

/** @param {string | null | undefined} algorithm @param {any} data @param {any} key @param {any} [callback] @returns {any} */
export function sign(algorithm, data, key, callback) {
  if (callback !== undefined) return callBack(callback, () => sign(algorithm, data, key));
  const { data: der, known } = inside(privateKeyIn(key));
  const hash = hashFor(algorithm, known);
  const { padding, salt, flat } = scheme(key, known, hash, true);
  return output(asked(() => native.sign(der, exactBuffer(inputBytes(data)), hash, padding, salt, flat)));
}

/** @param {string | null | undefined} algorithm @param {any} data @param {any} key @param {any} signature @param {any} [callback] @returns {any} */
export function verify(algorithm, data, key, signature, callback) {
  if (callback !== undefined) return callBack(callback, () => verify(algorithm, data, key, signature));
  const { data: der, known } = inside(createPublicKey(key));
  const hash = hashFor(algorithm, known);
  return native.verify(der, exactBuffer(inputBytes(data)), exactBuffer(inputBytes(signature)), hash, scheme(key, known, hash, false));
}

/** What Sign and Verify have in common. */
class Collected {
  /** @type {Uint8Array[]} */
  #chunks = [];
  algorithm;

  /** @param {string} algorithm */
  constructor(algorithm) {
    this.algorithm = algorithmOf(algorithm);
    Object.defineProperty(this, 'algorithm', { enumerable: false });
  }

  /** @param {any} data @param {string} [encoding] @returns {this} */
  update(data, encoding) {
    this.#chunks.push(inputBytes(data, encoding).slice());
    return this;
  }

  /** @param {any} data @param {string} [encoding] @returns {this} */
  write(data, encoding) {
    return this.update(data, encoding);
  }

  /** @param {any} [data] @param {string} [encoding] @returns {this} */
  end(data, encoding) {
    return data === undefined ? this : this.update(data, encoding);
  }

  /** @returns {Uint8Array} */
  collected() {
    return join(this.#chunks);
  }
}

export class Sign extends Collected {
  /** @param {any} key @param {string} [encoding] @returns {any} */
  sign(key, encoding) {
    const signature = sign(this.algorithm, this.collected(), key);
    return encoding === undefined || encoding === null ? signature : signature.toString(encoding);
  }
}

export class Verify extends Collected {
  /** @param {any} key @param {any} signature @param {string} [encoding] @returns {boolean} */
  verify(key, signature, encoding) {
    return verify(this.algorithm, this.collected(), key, inputBytes(signature, encoding));
  }
}

/** @param {string} algorithm @returns {Sign} */
export const createSign = (algorithm) => new Sign(algorithm);
/** @param {string} algorithm @returns {Verify} */
export const createVerify = (algorithm) => new Verify(algorithm);

/** The hash for OAEP, undefined for the older padding. @param {any} options @returns {string | undefined} */
function oaepHash(options) {
  const padding = options?.padding ?? constants.RSA_PKCS1_OAEP_PADDING;
  if (padding === constants.RSA_PKCS1_PADDING) return undefined;
  if (padding !== constants.RSA_PKCS1_OAEP_PADDING) throw coded('ERR_OSSL_RSA_UNKNOWN_PADDING_TYPE', 'unknown padding type');
  if (options?.oaepLabel !== undefined) throw coded('ERR_INVALID_ARG_VALUE', 'Labels are not supported here');
  return algorithmOf(options?.oaepHash ?? 'sha1');
}

/** @param {any} key @param {any} data @returns {any} a Buffer */
export function publicEncrypt(key, data) {
  const { data: der } = inside(createPublicKey(key));
  return output(asked(() => native.rsaEncrypt(der, exactBuffer(inputBytes(data)), oaepHash(key))));
}

/** @param {any} key @param {any} data @returns {any} a Buffer */
export function privateDecrypt(key, data) {
  const { data: der } = inside(privateKeyIn(key));
  return output(asked(() => native.rsaDecrypt(der, exactBuffer(inputBytes(data)), oaepHash(key))));
}
