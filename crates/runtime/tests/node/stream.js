import stream, { PassThrough, Readable, Transform, Writable } from 'stream';
import { finished, pipeline } from 'stream/promises';
import * as prefixed from 'node:stream';

export default {
  'one module': () => [prefixed.Readable === Readable, stream.Transform === Transform, typeof stream.pipeline],
  'a list as a stream': async () => {
    const seen = [];
    for await (const item of Readable.from(['a', 'b'])) seen.push(item);
    return seen;
  },
  'pipeline': async () => {
    const chunks = [];
    const upper = new Transform({ transform(chunk, _encoding, done) { done(null, String(chunk).toUpperCase()); } });
    await pipeline(Readable.from(['a', 'b']), upper, new Writable({ write(chunk, _encoding, done) { chunks.push(String(chunk)); done(); } }));
    return chunks;
  },
  'an error ends a pipeline': () => pipeline(Readable.from(['a']), new Transform({ transform(_chunk, _encoding, done) { done(new RangeError('no')); } }), new PassThrough()),
  'finished': async () => {
    const through = new PassThrough();
    through.end('x');
    through.resume();
    await finished(through);
    return through.readableEnded;
  },
  'the old class': () => [typeof stream, stream.Stream === stream, new PassThrough() instanceof stream],
};
