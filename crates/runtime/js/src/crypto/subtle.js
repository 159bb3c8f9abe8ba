// crypto.subtle of the Web Crypto standard, over what the module `crypto` has.
import { Bytes, exactBuffer } from '../intrinsics.js';
import { createCipheriv, createDecipheriv } from './cipher.js';
import { hkdfSync, pbkdf2Sync } from './derive.js';
import { inputBytes, native, algorithmOf } from './input.js';
import { createHmac } from './digest.js';
import { createPrivateKey, createPublicKey, createSecretKey } from './keys.js';
import { constants, privateDecrypt, publicEncrypt, sign as signWith, verify as verifyWith } from './sign.js';
import { randomBytes, timingSafeEqual } from './random.js';

const MAKE = Symbol('key');

export class CryptoKey {
  /** @param {symbol} make @param {any} keyObject @param {object} algorithm @param {boolean} extractable @param {string[]} usages */
  constructor(make, keyObject, algorithm, extractable, usages) {
    if (make !== MAKE) throw new TypeError('Illegal constructor');
    Object.defineProperty(this, 'keyObject', { value: keyObject, enumerable: false });
    this.type = keyObject.type;
    this.extractable = extractable;
    this.algorithm = algorithm;
    this.usages = usages;
  }

  get [Symbol.toStringTag]() {
    return 'CryptoKey';
  }
}

/** @param {string} message @param {string} name @returns {Error} */
const failure = (message, name) => new DOMException(message, name);
/** @param {any} algorithm @returns {any} */
const normal = (algorithm) => {
  const object = typeof algorithm === 'string' ? { name: algorithm } : { ...algorithm };
  const name = NAMES.find((one) => one.toLowerCase() === String(object.name).toLowerCase());
  if (name === undefined) throw failure('Unrecognized algorithm name', 'NotSupportedError');
  return { ...object, name };
};
const NAMES = [
  'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'HMAC', 'RSASSA-PKCS1-v1_5', 'RSA-PSS', 'RSA-OAEP', 'ECDSA', 'Ed25519', 'AES-CBC', 'AES-CTR',
  'AES-GCM', 'PBKDF2', 'HKDF',
];
/** @param {any} hash @returns {string} */
const hashName = (hash) => algorithmOf(typeof hash === 'string' ? hash : hash?.name);
/** @param {any} bytes @returns {ArrayBuffer} */
const buffer = (bytes) => exactBuffer(new Bytes(bytes));

/** @param {any} key @param {string} usage @param {string} name */
function check(key, usage, name) {
  if (!(key instanceof CryptoKey)) throw new TypeError('The key must be a CryptoKey');
  if (/** @type {any} */ (key.algorithm).name !== name || !key.usages.includes(usage)) throw failure(`The key cannot ${usage} with ${name}`, 'InvalidAccessError');
}

/** @param {any} algorithm @param {any} key */
const signingOptions = (algorithm, key) => {
  const inner = key.keyObject;
  if (algorithm.name === 'RSA-PSS') return { key: inner, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.saltLength };
  return algorithm.name === 'ECDSA' ? { key: inner, dsaEncoding: 'ieee-p1363' } : inner;
};
/** @param {any} algorithm @param {any} key @returns {string | null} */
const signingHash = (algorithm, key) => (algorithm.name === 'Ed25519' ? null : hashName(algorithm.name === 'ECDSA' ? algorithm.hash : key.algorithm.hash));

/** @param {any} algorithm @param {any} key @param {boolean} encrypt @param {any} data @returns {ArrayBuffer} */
function convert(algorithm, key, encrypt, data) {
  const bytes = inputBytes(data);
  const { name } = algorithm;
  const size = key.keyObject.symmetricKeySize * 8;
  if (name === 'RSA-OAEP') {
    const options = { key: key.keyObject, oaepHash: hashName(key.algorithm.hash) };
    return buffer(encrypt ? publicEncrypt(options, bytes) : privateDecrypt(options, bytes));
  }
  const iv = name === 'AES-CTR' ? algorithm.counter : algorithm.iv;
  const cipher = /** @type {any} */ ((encrypt ? createCipheriv : createDecipheriv)(`aes-${size}-${name.slice(-3).toLowerCase()}`, key.keyObject, iv));
  if (name !== 'AES-GCM') return buffer(Uint8Array.from([...cipher.update(bytes), ...cipher.final()]));
  const tagSize = (algorithm.tagLength ?? 128) / 8;
  if (algorithm.additionalData !== undefined) cipher.setAAD(algorithm.additionalData);
  if (encrypt) return buffer(Uint8Array.from([...cipher.update(bytes), ...cipher.final(), ...cipher.getAuthTag().subarray(0, tagSize)]));
  cipher.setAuthTag(bytes.slice(-tagSize));
  return buffer(Uint8Array.from([...cipher.update(bytes.slice(0, -tagSize)), ...cipher.final()]));
}

/** @param {any} algorithm @param {any} key @param {number} bits @returns {ArrayBuffer} */
function derive(algorithm, key, bits) {
  const secret = key.keyObject.export();
  if (algorithm.name === 'PBKDF2') return buffer(pbkdf2Sync(secret, inputBytes(algorithm.salt), algorithm.iterations, bits / 8, hashName(algorithm.hash)));
  return hkdfSync(hashName(algorithm.hash), secret, inputBytes(algorithm.salt), inputBytes(algorithm.info), bits / 8);
}

/** What comes out of an operation that fails for a reason of the data. @template T @param {() => T} run @returns {T} */
function operation(run) {
  try {
    return run();
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) throw error;
    throw Object.assign(failure('The operation failed for an operation-specific reason', 'OperationError'), { cause: error });
  }
}

/** @param {string} format @param {any} data @param {any} algorithm @returns {any} a KeyObject */
function read(format, data, algorithm) {
  if (format === 'jwk') {
    if (data.kty === 'oct') return createSecretKey(data.k, 'base64url');
    return data.d === undefined ? createPublicKey({ key: data, format: 'jwk' }) : createPrivateKey({ key: data, format: 'jwk' });
  }
  if (format === 'spki') return createPublicKey({ key: inputBytes(data), format: 'der', type: 'spki' });
  if (format === 'pkcs8') return createPrivateKey({ key: inputBytes(data), format: 'der', type: 'pkcs8' });
  if (format !== 'raw') throw failure(`There is no key format ${format}`, 'NotSupportedError');
  const raw = inputBytes(data);
  if (algorithm.name === 'Ed25519') return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: text(raw) }, format: 'jwk' });
  if (algorithm.name !== 'ECDSA') return createSecretKey(raw);
  const half = (raw.length - 1) / 2;
  return createPublicKey({ key: { kty: 'EC', crv: algorithm.namedCurve, x: text(raw.slice(1, 1 + half)), y: text(raw.slice(1 + half)) }, format: 'jwk' });
}
/** @param {Uint8Array} bytes @returns {string} */
const text = (bytes) => /** @type {any} */ (globalThis).Buffer.from(bytes).toString('base64url');

/** The algorithm as a key shows it. @param {any} algorithm @param {any} key @returns {object} */
function shown(algorithm, key) {
  const { name } = algorithm;
  if (name === 'HMAC') return { name, hash: { name: algorithm.hash.name ?? algorithm.hash }, length: key.symmetricKeySize * 8 };
  if (name.startsWith('AES')) return { name, length: key.symmetricKeySize * 8 };
  if (name.startsWith('RSA')) {
    const { modulusLength } = key.asymmetricKeyDetails;
    return { name, modulusLength, publicExponent: new Bytes([1, 0, 1]), hash: { name: algorithm.hash.name ?? algorithm.hash } };
  }
  return name === 'ECDSA' ? { name, namedCurve: algorithm.namedCurve } : { name };
}

export const subtle = {
  /** @param {any} algorithm @param {any} data @returns {Promise<ArrayBuffer>} */
  async digest(algorithm, data) {
    return native.hash(hashName(normal(algorithm).name), exactBuffer(inputBytes(data)));
  },
  /** @param {string} format @param {any} data @param {any} algorithm @param {boolean} extractable @param {string[]} usages @returns {Promise<CryptoKey>} */
  async importKey(format, data, algorithm, extractable, usages) {
    const wanted = normal(algorithm);
    let key;
    try {
      key = read(format, data, wanted);
    } catch (error) {
      if (error instanceof DOMException) throw error;
      throw Object.assign(failure('Invalid keyData', 'DataError'), { cause: error });
    }
    return new CryptoKey(MAKE, key, shown(wanted, key), Boolean(extractable), [...usages]);
  },
  /** @param {string} format @param {any} key @returns {Promise<any>} */
  async exportKey(format, key) {
    if (!key.extractable) throw failure('key is not extractable', 'InvalidAccessError');
    if (format === 'jwk') return { ...key.keyObject.export({ format: 'jwk' }), key_ops: key.usages, ext: true };
    if (format === 'raw' && key.type === 'secret') return buffer(key.keyObject.export());
    if (format === 'raw') return native.exportKey(exactBuffer(new Bytes(key.keyObject.export({ format: 'der', type: 'spki' }))), false, 'raw');
    return buffer(key.keyObject.export({ format: 'der', type: format }));
  },
  /** @param {any} algorithm @param {boolean} extractable @param {string[]} usages @returns {Promise<CryptoKey>} */
  async generateKey(algorithm, extractable, usages) {
    const wanted = normal(algorithm);
    if (wanted.name !== 'HMAC' && !wanted.name.startsWith('AES')) throw failure('Only secret keys are made here', 'NotSupportedError');
    const bits = wanted.length ?? (/** @type {any} */ ({ sha1: 512, sha256: 512, sha384: 1024, sha512: 1024 })[hashName(wanted.hash)]);
    const key = createSecretKey(randomBytes(bits / 8));
    return new CryptoKey(MAKE, key, shown(wanted, key), Boolean(extractable), [...usages]);
  },
  /** @param {any} algorithm @param {any} key @param {any} data @returns {Promise<ArrayBuffer>} */
  async sign(algorithm, key, data) {
    const how = normal(algorithm);
    check(key, 'sign', how.name);
    if (how.name === 'HMAC') return buffer(createHmac(hashName(key.algorithm.hash), key.keyObject).update(inputBytes(data)).digest());
    return operation(() => buffer(signWith(signingHash(how, key), inputBytes(data), signingOptions(how, key))));
  },
  /** @param {any} algorithm @param {any} key @param {any} signature @param {any} data @returns {Promise<boolean>} */
  async verify(algorithm, key, signature, data) {
    const how = normal(algorithm);
    check(key, 'verify', how.name);
    if (how.name === 'HMAC') {
      const code = createHmac(hashName(key.algorithm.hash), key.keyObject).update(inputBytes(data)).digest();
      const given = inputBytes(signature);
      return code.length === given.length && timingSafeEqual(code, given);
    }
    return verifyWith(signingHash(how, key), inputBytes(data), signingOptions(how, key), inputBytes(signature));
  },
  /** @param {any} algorithm @param {any} key @param {any} data @returns {Promise<ArrayBuffer>} */
  async encrypt(algorithm, key, data) {
    const how = normal(algorithm);
    check(key, 'encrypt', how.name);
    return operation(() => convert(how, key, true, data));
  },
  /** @param {any} algorithm @param {any} key @param {any} data @returns {Promise<ArrayBuffer>} */
  async decrypt(algorithm, key, data) {
    const how = normal(algorithm);
    check(key, 'decrypt', how.name);
    return operation(() => convert(how, key, false, data));
  },
  /** @param {any} algorithm @param {any} key @param {number} bits @returns {Promise<ArrayBuffer>} */
  async deriveBits(algorithm, key, bits) {
    const how = normal(algorithm);
    check(key, 'deriveBits', how.name);
    return operation(() => derive(how, key, bits));
  },
  /** @param {any} algorithm @param {any} key @param {any} wanted @param {boolean} extractable @param {string[]} usages @returns {Promise<CryptoKey>} */
  async deriveKey(algorithm, key, wanted, extractable, usages) {
    const how = normal(algorithm);
    check(key, 'deriveKey', how.name);
    const bits = operation(() => derive(how, key, wanted.length ?? 512));
    return subtle.importKey('raw', bits, wanted, extractable, usages);
  },
};
