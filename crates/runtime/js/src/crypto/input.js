// What the parts of the module `crypto` have in common: arguments, results, errors.
import { Bytes, bytesOf, exactBuffer } from '../intrinsics.js';
import { bufferClass, native } from '../native.js';
import { toBase64, toHex, toLatin1, utf8 } from '../text.js';

/** Names as the engine knows them. @type {Record<string, string>} */
export const ALGORITHMS = Object.assign(Object.create(null), {
  md5: 'md5', sha1: 'sha1', sha224: 'sha224', sha256: 'sha256', sha384: 'sha384', sha512: 'sha512',
});

/**
 * @param {unknown} name
 * @returns {string}
 */
export function algorithmOf(name) {
  const plain = String(name).toLowerCase().replace(/^rsa-/, '').replace(/^sha-/, 'sha').replace(/withrsaencryption$/, '');
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
export function inputBytes(data, encoding) {
  if (typeof data === 'string') {
    return encoding === undefined || encoding === null || encoding === 'utf8' || encoding === 'utf-8' ? utf8(data) : bufferClass().from(data, encoding);
  }
  const bytes = bytesOf(data);
  if (bytes !== undefined) return bytes;
  throw Object.assign(new TypeError('The data must be a string, a Buffer, a TypedArray or a DataView'), { code: 'ERR_INVALID_ARG_TYPE' });
}

/** The same as a buffer of its own, for the engine. @param {any} data @param {string} [encoding] @returns {ArrayBuffer} */
export function inputBuffer(data, encoding) {
  return exactBuffer(inputBytes(data, encoding));
}

/**
 * @param {ArrayBuffer} result
 * @param {string} [encoding]
 * @returns {any} a Buffer without an encoding
 */
export function output(result, encoding) {
  const bytes = new Bytes(result);
  switch (encoding) {
    case 'hex': return toHex(bytes);
    case 'base64': return toBase64(bytes);
    case 'base64url': return toBase64(bytes, true);
    case 'latin1': case 'binary': return toLatin1(bytes);
    default: {
      const buffer = bufferClass().from(result);
      return encoding === undefined || encoding === null || encoding === 'buffer' ? buffer : buffer.toString(encoding);
    }
  }
}

/**
 * Asks the engine; its errors say their code in front of the text.
 * @template T
 * @param {() => T} ask
 * @returns {T}
 */
export function asked(ask) {
  try {
    return ask();
  } catch (error) {
    const parts = /^((?:ERR|Z)_[A-Z0-9_]+): ([^]*)$/.exec(String(/** @type {any} */ (error)?.message));
    if (parts === null) throw error;
    const Class = /** @type {any} */ (error).constructor;
    throw Object.assign(new Class(parts[2]), { code: parts[1] });
  }
}

/** @param {string} code @param {string} message @param {any} [Class] @returns {Error} */
export function coded(code, message, Class = Error) {
  return Object.assign(new Class(message), { code });
}

/**
 * Runs what other runtimes do in the background, and tells the callback afterwards.
 * @param {any} callback
 * @param {() => any} run
 */
export function callBack(callback, run) {
  if (typeof callback !== 'function') throw coded('ERR_INVALID_ARG_TYPE', 'The "callback" argument must be of type function', TypeError);
  queueMicrotask(() => {
    let value;
    try {
      value = run();
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, value);
  });
}

export { native };
