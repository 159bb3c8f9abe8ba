// Bodies as streams: the stream classes are loaded only when somebody asks for one.
import { native } from '../native.js';
import { bytesOf } from '../intrinsics.js';
import { join, utf8 } from '../text.js';

/** Bytes of one chunk of a stream over bytes that are there already. */
const CHUNK = 65_536;

/** @returns {any} the module with ReadableStream and its relatives */
const streams = () => native.builtin('bespoke:streams');

/**
 * @param {Uint8Array} bytes
 * @returns {any} a ReadableStream of them
 */
export function streamOf(bytes) {
  let offset = 0;
  return new (streams().ReadableStream)({
    type: 'bytes',
    /** @param {any} controller */
    pull(controller) {
      if (offset < bytes.length) controller.enqueue(bytes.slice(offset, offset + CHUNK));
      offset += CHUNK;
      if (offset >= bytes.length) {
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
  });
}

/**
 * Is the value a stream of chunks, of the web or any other kind?
 * @param {any} value
 * @returns {boolean}
 */
export function isStream(value) {
  return typeof value === 'object' && value !== null && (typeof value.getReader === 'function' || typeof value[Symbol.asyncIterator] === 'function');
}

/**
 * @param {any} stream
 * @returns {Promise<Uint8Array>} all of its bytes
 */
export async function drain(stream) {
  const chunks = [];
  for await (const chunk of typeof stream.getReader === 'function' ? read(stream) : stream) {
    const bytes = typeof chunk === 'string' ? utf8(chunk) : bytesOf(chunk);
    if (bytes === undefined) throw new TypeError('The chunks of a body must be bytes');
    chunks.push(bytes);
  }
  return join(chunks);
}

/** @param {any} stream @returns {AsyncGenerator<any>} */
async function* read(stream) {
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}
