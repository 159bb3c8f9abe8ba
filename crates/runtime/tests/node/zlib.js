import zlib, { brotliCompressSync, brotliDecompressSync, constants, deflateRawSync, deflateSync, gunzip, gunzipSync, gzip, gzipSync, inflateRawSync, inflateSync, unzip, unzipSync } from 'zlib';
import * as prefixed from 'node:zlib';
import { promisify } from 'util';
import { pipeline } from 'stream/promises';
import { Readable } from 'stream';

const text = 'to be or not to be, that is the question — é😀 '.repeat(50);
// Made by Node.
const made = { gzip: 'H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==', deflate: 'eJzLSM3JyQcABiwCFQ==', raw: 'y0jNyckHAA==', brotli: 'CwKAaGVsbG8D' };
const bytes = (name) => Buffer.from(made[name], 'base64');
const error = (run) => {
  try {
    return run();
  } catch (thrown) {
    return [thrown.name, thrown.code];
  }
};

export default {
  'one module': () => [prefixed.gzipSync === gzipSync, zlib.inflateSync === inflateSync, constants.Z_BEST_COMPRESSION],
  'there and back': () => [[gzipSync, gunzipSync], [deflateSync, inflateSync], [deflateRawSync, inflateRawSync], [gzipSync, unzipSync], [deflateSync, unzipSync], [brotliCompressSync, brotliDecompressSync]].map(([there, back]) => [back(there(text)).toString() === text, back(there(Buffer.alloc(0))).length, there(text).length < 300, Buffer.isBuffer(there('x'))]),
  'what Node made': () => [gunzipSync(bytes('deflate').length > 0 ? gzipSync('hello') : ''), inflateSync(bytes('deflate')), inflateRawSync(bytes('raw')), unzipSync(bytes('deflate')), brotliDecompressSync(bytes('brotli'))].map(String),
  'levels': () => [0, 1, 9].map((level) => gunzipSync(gzipSync(text, { level })).toString() === text),
  'with callbacks': async () => {
    const packed = await promisify(gzip)(text);
    const once = await new Promise((resolve, reject) => { gunzip(packed, (thrown, value) => (thrown ? reject(thrown) : resolve(value))); });
    return [once.toString() === text, (await promisify(unzip)(packed, {})).length];
  },
  'the callback gets the error': () => new Promise((resolve) => { gunzip(Buffer.from('nonsense'), (thrown) => resolve([thrown.name, thrown.code])); }),
  'damaged data': () => [error(() => gunzipSync('nonsense that is long enough')), error(() => inflateSync('nonsense')), error(() => gunzipSync(gzipSync(text).subarray(0, 40))), error(() => inflateSync(deflateSync(text).subarray(0, 40)))],
  'several members': () => gunzipSync(Buffer.concat([gzipSync('a'), gzipSync('b')])).toString(),
  'no more than wanted': () => error(() => gunzipSync(gzipSync(text), { maxOutputLength: 10 })),
  'a number is no data': () => gzipSync(5),
  'views': () => [gunzipSync(gzipSync(new Uint16Array([1, 2]))), gunzipSync(gzipSync(new Uint8Array([1, 2, 3]).buffer))],
  'streams': async () => {
    const chunks = [];
    await pipeline(Readable.from([Buffer.from('he'), Buffer.from('llo')]), zlib.createGzip(), zlib.createGunzip(), async (source) => { for await (const chunk of source) chunks.push(chunk); });
    return Buffer.concat(chunks).toString();
  },
  'crc32': () => [zlib.crc32('hello'), zlib.crc32(Buffer.from([1, 2, 3]))],
};
