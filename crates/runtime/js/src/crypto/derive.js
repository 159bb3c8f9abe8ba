// Keys from passwords and from other keys.
import { algorithmOf, asked, callBack, coded, inputBuffer, native, output } from './input.js';
import { secretBytes } from './keys.js';
import { exactBuffer } from '../intrinsics.js';

/** Memory that scrypt may use unless the caller says otherwise, bytes. */
const SCRYPT_MEMORY = 32 * 1024 * 1024;

/** @param {unknown} value @param {string} name @param {number} least */
function checkCount(value, name, least) {
  if (typeof value !== 'number') throw coded('ERR_INVALID_ARG_TYPE', `The "${name}" argument must be of type number`, TypeError);
  if (!Number.isInteger(value) || value < least || value > 0x7fffffff) throw coded('ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. Received ${value}`, RangeError);
}

/** @param {any} password @param {any} salt @param {number} iterations @param {number} length @param {string} digest @returns {any} */
export function pbkdf2Sync(password, salt, iterations, length, digest) {
  checkCount(iterations, 'iterations', 1);
  checkCount(length, 'keylen', 0);
  if (typeof digest !== 'string') throw coded('ERR_INVALID_ARG_TYPE', 'The "digest" argument must be of type string', TypeError);
  let name;
  try {
    name = algorithmOf(digest);
  } catch {
    throw coded('ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${digest}`, TypeError);
  }
  return output(asked(() => native.pbkdf2(name, exactBuffer(secretBytes(password)), inputBuffer(salt), iterations, length)));
}

/** @param {any} password @param {any} salt @param {number} iterations @param {number} length @param {string} digest @param {any} callback */
export function pbkdf2(password, salt, iterations, length, digest, callback) {
  callBack(callback, () => pbkdf2Sync(password, salt, iterations, length, digest));
}

/** @param {any} password @param {any} salt @param {number} length @param {any} [options] @returns {any} */
export function scryptSync(password, salt, length, options = {}) {
  checkCount(length, 'keylen', 0);
  const cost = options.N ?? options.cost ?? 16_384;
  const block = options.r ?? options.blockSize ?? 8;
  const parallel = options.p ?? options.parallelization ?? 1;
  const memory = options.maxmem ?? SCRYPT_MEMORY;
  if (128 * cost * block > memory || cost < 2 || (cost & (cost - 1)) !== 0) {
    throw coded('ERR_CRYPTO_INVALID_SCRYPT_PARAMS', 'Invalid scrypt params: memory limit exceeded', RangeError);
  }
  return output(asked(() => native.scrypt(exactBuffer(secretBytes(password)), inputBuffer(salt), cost, block, parallel, length)));
}

/** @param {any} password @param {any} salt @param {number} length @param {...any} rest options and a callback */
export function scrypt(password, salt, length, ...rest) {
  const callback = rest.pop();
  callBack(callback, () => scryptSync(password, salt, length, rest[0]));
}

/** @param {string} digest @param {any} key @param {any} salt @param {any} info @param {number} length @returns {ArrayBuffer} */
export function hkdfSync(digest, key, salt, info, length) {
  checkCount(length, 'length', 0);
  const name = algorithmOf(digest);
  return asked(() => native.hkdf(name, exactBuffer(secretBytes(key)), inputBuffer(salt), inputBuffer(info), length));
}

/** @param {string} digest @param {any} key @param {any} salt @param {any} info @param {number} length @param {any} callback */
export function hkdf(digest, key, salt, info, length, callback) {
  callBack(callback, () => hkdfSync(digest, key, salt, info, length));
}
