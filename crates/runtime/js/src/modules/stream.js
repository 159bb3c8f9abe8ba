// The module `stream`: Node's own code, as npm's `readable-stream` has it.
import readable from 'readable-stream';

const stream = /** @type {any} */ (readable).Stream;
export const {
  addAbortSignal, compose, destroy, Duplex, finished, isDisturbed, PassThrough, pipeline, promises, Readable, Transform, Writable,
} = stream;
export { stream as Stream };
export default stream;
