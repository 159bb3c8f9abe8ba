// KeyObject: secret keys as they are, the others as PKCS#8 and SPKI.
import { Bytes, exactBuffer } from '../intrinsics.js';
import { bufferClass } from '../native.js';
import { toBase64 } from '../text.js';
import { asked, coded, inputBytes, native } from './input.js';
import { keyOfJwk, jwkOf } from './jwk.js';

/** @typedef {{ isPrivate: boolean, kind: string, curve: string, bits: number, der: ArrayBuffer }} Known what the engine says of a key */

/** Only this file makes keys. */
const MAKE = Symbol('key');

export class KeyObject {
  #type;
  /** @type {ArrayBuffer} the secret itself, or DER */
  #data;
  /** @type {Known | undefined} */
  #known;

  /** @param {symbol} make @param {string} type @param {ArrayBuffer} data @param {Known} [known] */
  constructor(make, type, data, known) {
    if (make !== MAKE) throw coded('ERR_INVALID_ARG_VALUE', 'Keys are made by createSecretKey, createPublicKey and createPrivateKey', TypeError);
    this.#type = type;
    this.#data = data;
    this.#known = known;
  }

  /** For this folder only. @param {KeyObject} key @returns {{ type: string, data: ArrayBuffer, known: Known | undefined }} */
  static inside(key) {
    return { type: key.#type, data: key.#data, known: key.#known };
  }

  /** @param {any} key a CryptoKey @returns {KeyObject} */
  static from(key) {
    if (!(key?.keyObject instanceof KeyObject)) throw coded('ERR_INVALID_ARG_TYPE', 'The "key" argument must be an instance of CryptoKey', TypeError);
    return key.keyObject;
  }

  get type() {
    return this.#type;
  }

  get asymmetricKeyType() {
    return this.#known?.kind;
  }

  get asymmetricKeyDetails() {
    if (this.#known === undefined) return undefined;
    const { kind, curve, bits } = this.#known;
    if (kind === 'rsa') return { modulusLength: bits, publicExponent: BigInt(`0x${bufferClass().from(native.rsaNumbers(this.#data, this.#type === 'private')[1]).toString('hex')}`) };
    return kind === 'ec' ? { namedCurve: curve } : {};
  }

  get symmetricKeySize() {
    return this.#type === 'secret' ? this.#data.byteLength : undefined;
  }

  /** @param {any} [options] @returns {any} */
  export(options = {}) {
    const { format, type } = options;
    if (this.#known === undefined) {
      return format === 'jwk' ? { kty: 'oct', k: toBase64(new Bytes(this.#data), true) } : bufferClass().from(this.#data.slice(0));
    }
    const isPrivate = this.#type === 'private';
    if (format === 'jwk') return jwkOf(this.#known, isPrivate);
    if (options.cipher !== undefined) throw coded('ERR_INVALID_ARG_VALUE', 'Keys are exported without encryption here');
    const form = type ?? (isPrivate ? 'pkcs8' : 'spki');
    const der = asked(() => native.exportKey(this.#data, isPrivate, form));
    return format === 'der' ? bufferClass().from(der) : pem(der, label(form, isPrivate));
  }

  /** @param {any} other @returns {boolean} */
  equals(other) {
    const bytes = new Bytes(this.#data);
    const others = other instanceof KeyObject && other.type === this.#type ? new Bytes(inside(other).data) : undefined;
    return others !== undefined && bytes.length === others.length && native.timingSafeEqual(exactBuffer(bytes), exactBuffer(others));
  }

  get [Symbol.toStringTag]() {
    return 'KeyObject';
  }
}

/** What is inside a key. */
export const { inside } = KeyObject;
Reflect.deleteProperty(KeyObject, 'inside');

/** @param {string} form @param {boolean} isPrivate @returns {string} */
function label(form, isPrivate) {
  if (form === 'pkcs1') return isPrivate ? 'RSA PRIVATE KEY' : 'RSA PUBLIC KEY';
  if (form === 'sec1') return 'EC PRIVATE KEY';
  return isPrivate ? 'PRIVATE KEY' : 'PUBLIC KEY';
}

/** @param {ArrayBuffer} der @param {string} name @returns {string} */
function pem(der, name) {
  const lines = toBase64(new Bytes(der)).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${name}-----\n${lines.join('\n')}\n-----END ${name}-----\n`;
}

/** @param {Known} known @returns {KeyObject} */
const made = (known) => new KeyObject(MAKE, known.isPrivate ? 'private' : 'public', known.der, known);

/** @param {any} input text, bytes or an object with them @returns {Known} */
function read(input) {
  const isObject = typeof input === 'object' && input !== null && 'key' in input;
  const { key, format, passphrase, encoding } = isObject ? input : { key: input, format: undefined, passphrase: undefined, encoding: undefined };
  if (format === 'jwk') return keyOfJwk(key);
  const phrase = passphrase === undefined || passphrase === null ? undefined : bufferClass().from(inputBytes(passphrase, encoding)).toString();
  return asked(() => native.readKey(exactBuffer(inputBytes(key, encoding)), phrase));
}

/** @param {any} input @returns {KeyObject | undefined} a key that is one already */
function keyIn(input) {
  if (input instanceof KeyObject) return input;
  if (input?.key instanceof KeyObject) return input.key;
  return input?.keyObject instanceof KeyObject ? input.keyObject : undefined;
}

/** @param {any} input @returns {KeyObject} */
export function createPrivateKey(input) {
  const known = read(input);
  if (!known.isPrivate) throw coded('ERR_OSSL_UNSUPPORTED', 'the key is not a private one');
  return made(known);
}

/** @param {any} input a public key, or a private one, whose public part is taken @returns {KeyObject} */
export function createPublicKey(input) {
  const key = keyIn(input);
  if (key?.type === 'secret') throw coded('ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', 'Invalid key object type secret, expected private.', TypeError);
  const known = key === undefined ? read(input) : /** @type {Known} */ (inside(key).known);
  return made(known.isPrivate ? native.publicKey(known.der) : known);
}

/** @param {any} key @param {string} [encoding] @returns {KeyObject} */
export function createSecretKey(key, encoding) {
  return new KeyObject(MAKE, 'secret', exactBuffer(inputBytes(key, encoding).slice()));
}

/** The key for signing in whatever the caller gave. @param {any} input @returns {KeyObject} */
export function privateKeyIn(input) {
  const key = keyIn(input) ?? createPrivateKey(input);
  if (key.type !== 'private') throw coded('ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${key.type}, expected private.`, TypeError);
  return key;
}

/** @param {any} key a KeyObject, text or bytes @returns {Uint8Array} */
export function secretBytes(key) {
  const object = keyIn(key);
  if (object === undefined) return inputBytes(key);
  if (object.type !== 'secret') throw coded('ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${object.type}, expected secret.`, TypeError);
  return new Bytes(inside(object).data);
}
