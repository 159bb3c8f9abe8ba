import buffer, { Buffer as Named } from 'buffer';
import * as prefixed from 'node:buffer';

const sample = () => Buffer.from('héllo wörld €😀');
const encodings = ['utf8', 'hex', 'base64', 'base64url', 'latin1', 'binary', 'ascii', 'utf16le', 'ucs2', 'UTF-8', 'HEX'];

export default {
  'one class': () => [Named === Buffer, prefixed.Buffer === Buffer, buffer.Buffer === Buffer, typeof buffer.constants.MAX_LENGTH],
  'to text': () => encodings.map((encoding) => sample().toString(encoding)),
  'from text': () => [['68656c6c6f', 'hex'], ['6865zz', 'hex'], ['aGk=', 'base64'], ['aGk', 'base64url'], ['_-8', 'base64'], ['é', 'latin1'], ['é', 'utf16le'], ['é', 'ascii'], ['a b=', 'base64']].map(([text, encoding]) => Buffer.from(text, encoding)),
  'from other things': () => [Buffer.from([1, 256, -1]), Buffer.from(new Uint8Array([1, 2]).buffer, 1), Buffer.from(Buffer.from('x')), Buffer.from({ type: 'Buffer', data: [1, 2] }), Buffer.alloc(3, 'ab'), Buffer.alloc(2), Buffer.allocUnsafe(4).length, Buffer.of(1, 2)],
  'from a number': () => Buffer.from(5),
  'concat': () => [Buffer.concat([Buffer.from('a'), Buffer.from('bc')]), Buffer.concat([Buffer.from('abc')], 2), Buffer.concat([])],
  'compare and equals': () => [Buffer.compare(Buffer.from('a'), Buffer.from('b')), Buffer.from('a').equals(Buffer.from('a')), Buffer.from('b').compare(Buffer.from('a'))],
  'search': () => [sample().indexOf('wörld'), sample().indexOf(Buffer.from('l')), sample().lastIndexOf('l'), sample().includes('xyz'), sample().indexOf(0x6c, 4)],
  'slices share memory': () => {
    const whole = Buffer.from('abc');
    whole.subarray(1)[0] = 0x58;
    whole.slice(2)[0] = 0x59;
    return whole.toString();
  },
  'numbers': () => {
    const bytes = Buffer.alloc(32);
    bytes.writeUInt16BE(0x1234, 0);
    bytes.writeInt32LE(-5, 2);
    bytes.writeDoubleBE(1.5, 6);
    bytes.writeBigUInt64LE(12345678901234567890n, 14);
    bytes.writeUIntBE(0x123456, 22, 3);
    bytes.writeFloatLE(0.5, 25);
    return [bytes, bytes.readUInt16BE(0), bytes.readInt32LE(2), bytes.readDoubleBE(6), bytes.readBigUInt64LE(14), bytes.readUIntBE(22, 3), bytes.readFloatLE(25), bytes.readInt8(2)];
  },
  'beyond the end': () => Buffer.alloc(1).readUInt16LE(0),
  'write and fill': () => {
    const bytes = Buffer.alloc(6);
    return [bytes.write('abcdefgh', 2), bytes.toString(), bytes.fill('xy').toString(), bytes.fill(0, 2, 4), bytes.write('ff', 0, 'hex')];
  },
  'swap, copy and JSON': () => {
    const bytes = Buffer.from([1, 2, 3, 4]);
    const target = Buffer.alloc(3);
    return [bytes.copy(target, 1, 0, 4), target, bytes.swap16(), JSON.stringify(Buffer.from('a')), bytes.toJSON()];
  },
  'questions': () => [Buffer.isBuffer(sample()), Buffer.isBuffer(new Uint8Array(1)), Buffer.isEncoding('hex'), Buffer.isEncoding('base64url'), Buffer.isEncoding('nope'), Buffer.byteLength('é€'), Buffer.byteLength('aGk=', 'base64')],
  'iteration': () => [[...Buffer.from('ab').entries()], [...Buffer.from('ab')]],
  'invalid UTF-8': () => Buffer.from([0xff, 0x61, 0xc3]).toString(),
  'an encoding that nobody knows': () => sample().toString('nope'),
};
