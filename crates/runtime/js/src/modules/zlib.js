// The module `zlib`: all at once, now or by a callback, and as transform streams.
import given from 'bespoke:native';
import { bytesOf, exactBuffer } from '../intrinsics.js';
import { bufferClass, native, setNative } from '../native.js';
import { asked, callBack, coded, inputBytes } from '../crypto/input.js';
import { join } from '../text.js';

setNative(given);

export const constants = Object.freeze({
  Z_NO_COMPRESSION: 0, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9, Z_DEFAULT_COMPRESSION: -1, Z_DEFAULT_STRATEGY: 0, Z_FILTERED: 1,
  Z_HUFFMAN_ONLY: 2, Z_RLE: 3, Z_FIXED: 4, Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4,
  Z_DEFAULT_CHUNK: 16_384, Z_DEFAULT_LEVEL: -1, Z_DEFAULT_MEMLEVEL: 8, Z_DEFAULT_WINDOWBITS: 15, Z_MIN_WINDOWBITS: 8, Z_MAX_WINDOWBITS: 15,
  BROTLI_PARAM_MODE: 0, BROTLI_PARAM_QUALITY: 1, BROTLI_PARAM_LGWIN: 2, BROTLI_PARAM_SIZE_HINT: 5, BROTLI_MIN_QUALITY: 0,
  BROTLI_MAX_QUALITY: 11, BROTLI_DEFAULT_QUALITY: 11, BROTLI_OPERATION_PROCESS: 0, BROTLI_OPERATION_FLUSH: 1, BROTLI_OPERATION_FINISH: 2,
});

/** @param {string} method as the engine names it @param {any} data @param {any} [options] @returns {any} a Buffer */
function convert(method, data, options) {
  const bytes = typeof data === 'string' || bytesOf(data) !== undefined ? inputBytes(data) : undefined;
  if (bytes === undefined) {
    throw coded('ERR_INVALID_ARG_TYPE', 'The "buffer" argument must be of type string or an instance of Buffer, TypedArray, DataView, or ArrayBuffer', TypeError);
  }
  const level = method === 'brotliCompress' ? options?.params?.[constants.BROTLI_PARAM_QUALITY] ?? -1 : options?.level ?? -1;
  const limit = options?.maxOutputLength ?? Number.MAX_SAFE_INTEGER;
  return bufferClass().from(asked(() => native.zlib(method, level, exactBuffer(bytes), limit)));
}

/** @param {string} method @returns {[(data: any, options?: any) => any, (data: any, ...rest: any[]) => void, (options?: any) => any]} */
function forms(method) {
  const now = (/** @type {any} */ data, /** @type {any} */ options) => convert(method, data, options);
  const later = (/** @type {any} */ data, /** @type {any[]} */ ...rest) => {
    const callback = rest.pop();
    callBack(callback, () => convert(method, data, rest[0]));
  };
  return [now, later, (options) => transform(method, options)];
}

/** A stream that converts everything when its input ends. @param {string} method @param {any} [options] @returns {any} */
function transform(method, options) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  const { Transform } = native.builtin('stream');
  return new Transform({
    transform(/** @type {any} */ chunk, /** @type {string} */ encoding, /** @type {Function} */ done) {
      chunks.push(typeof chunk === 'string' ? inputBytes(chunk, encoding) : chunk);
      done();
    },
    flush(/** @type {Function} */ done) {
      let converted;
      try {
        converted = convert(method, join(chunks), options);
      } catch (error) {
        done(error);
        return;
      }
      done(null, converted);
    },
  });
}

export const [deflateSync, deflate, createDeflate] = forms('deflate');
export const [deflateRawSync, deflateRaw, createDeflateRaw] = forms('deflateRaw');
export const [gzipSync, gzip, createGzip] = forms('gzip');
export const [inflateSync, inflate, createInflate] = forms('inflate');
export const [inflateRawSync, inflateRaw, createInflateRaw] = forms('inflateRaw');
export const [gunzipSync, gunzip, createGunzip] = forms('gunzip');
export const [unzipSync, unzip, createUnzip] = forms('unzip');
export const [brotliCompressSync, brotliCompress, createBrotliCompress] = forms('brotliCompress');
export const [brotliDecompressSync, brotliDecompress, createBrotliDecompress] = forms('brotliDecompress');

/** @param {any} data @param {number} [start] the sum of what came before @returns {number} */
export function crc32(data, start = 0) {
  if (start !== 0) throw coded('ERR_INVALID_ARG_VALUE', 'Sums of several pieces are not supported here');
  return native.crc32(exactBuffer(inputBytes(data)));
}

export default {
  brotliCompress, brotliCompressSync, brotliDecompress, brotliDecompressSync, constants, crc32, createBrotliCompress, createBrotliDecompress,
  createDeflate, createDeflateRaw, createGunzip, createGzip, createInflate, createInflateRaw, createUnzip, deflate, deflateRaw,
  deflateRawSync, deflateSync, gunzip, gunzipSync, gzip, gzipSync, inflate, inflateRaw, inflateRawSync, inflateSync, unzip, unzipSync,
};
