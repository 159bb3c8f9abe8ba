// The module `buffer` / `node:buffer`: npm's `buffer`, with the encoding `base64url` and with UTF-8 done by the engine.
import * as npm from 'buffer/';
import given from 'bespoke:native';
import { Bytes, bytesOf, exactBuffer } from '../intrinsics.js';
import { native, setNative } from '../native.js';
import { atob, btoa, toBase64, utf8 } from '../text.js';

setNative(given);

/** @type {any} */
const Buffer = npm.Buffer;
// The bundler renames it because of npm's own variable.
Object.defineProperty(Buffer, 'name', { value: 'Buffer', configurable: true });
const { from, isEncoding, byteLength, prototype } = Buffer;
const { toString, write, fill, indexOf, lastIndexOf, includes } = prototype;

/** npm's decoder of base64 takes both alphabets. @param {unknown} encoding */
const known = (encoding) => (isBase64Url(encoding) ? 'base64' : encoding);
const isBase64Url = (/** @type {unknown} */ encoding) => typeof encoding === 'string' && encoding.toLowerCase() === 'base64url';
const isUtf8 = (/** @type {unknown} */ encoding) => encoding === undefined || encoding === null || encoding === 'utf8' || encoding === 'utf-8';

/**
 * @param {any} value
 * @param {any} encodingOrOffset
 * @param {any} length
 * @returns {any}
 */
Buffer.from = (value, encodingOrOffset, length) => {
  if (typeof value !== 'string') return from(value, encodingOrOffset, length);
  return isUtf8(encodingOrOffset) ? from(utf8(value).buffer) : from(value, known(encodingOrOffset));
};
Buffer.isEncoding = (/** @type {unknown} */ encoding) => isBase64Url(encoding) || isEncoding(encoding);
Buffer.byteLength = (/** @type {any} */ value, /** @type {unknown} */ encoding) => byteLength(value, known(encoding));

/** @type {Record<string, Function>} */
const methods = {
  /** @this {any} @param {any} encoding @param {any} start @param {any} end */
  toString(encoding, start, end) {
    const base64 = encoding === 'base64';
    if (!base64 && !isUtf8(encoding) && !isBase64Url(encoding)) return toString.call(this, encoding, start, end);
    const part = bytesOf(start === undefined && end === undefined ? this : this.slice(start, end)) ?? new Bytes(0);
    if (base64 || isBase64Url(encoding)) return toBase64(part, !base64);
    return native.decode('utf-8', exactBuffer(part), false, true);
  },
  /** @this {any} @param {any} text @param {any[]} rest */
  write(text, ...rest) {
    return write.call(this, text, ...rest.map(known));
  },
  /** @this {any} @param {any} value @param {any[]} rest */
  fill(value, ...rest) {
    return fill.call(this, value, ...rest.map(known));
  },
  /** @this {any} @param {any} value @param {any} offset @param {any} encoding */
  indexOf(value, offset, encoding) {
    return indexOf.call(this, value, known(offset), known(encoding));
  },
  /** @this {any} @param {any} value @param {any} offset @param {any} encoding */
  lastIndexOf(value, offset, encoding) {
    return lastIndexOf.call(this, value, known(offset), known(encoding));
  },
  /** @this {any} @param {any} value @param {any} offset @param {any} encoding */
  includes(value, offset, encoding) {
    return includes.call(this, value, known(offset), known(encoding));
  },
};
for (const name of Object.keys(methods)) {
  Object.defineProperty(prototype, name, { value: methods[name], writable: true, configurable: true, enumerable: false });
}

const { SlowBuffer, INSPECT_MAX_BYTES, kMaxLength } = /** @type {any} */ (npm);
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: 0x1fffffe8 };
export { atob, btoa, Buffer, INSPECT_MAX_BYTES, kMaxLength, SlowBuffer };
export default { atob, btoa, Buffer, constants, INSPECT_MAX_BYTES, kMaxLength, SlowBuffer };
