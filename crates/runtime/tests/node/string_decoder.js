import { StringDecoder } from 'string_decoder';
import * as prefixed from 'node:string_decoder';

const byteByByte = (encoding, bytes) => {
  const decoder = new StringDecoder(encoding);
  return [...Array.from(bytes, (byte) => decoder.write(Buffer.from([byte]))), decoder.end()];
};

export default {
  'one module': () => prefixed.StringDecoder === StringDecoder,
  'utf8 in pieces': () => byteByByte('utf8', Buffer.from('aé€😀')),
  'utf8 that ends too early': () => byteByByte('utf8', Buffer.from('😀').subarray(0, 3)),
  'utf16le in pieces': () => byteByByte('utf16le', Buffer.from('a😀', 'utf16le')),
  'base64 in pieces': () => byteByByte('base64', Buffer.from('hello')),
  'hex and latin1': () => [byteByByte('hex', Buffer.from([1, 255])), byteByByte('latin1', Buffer.from([233, 65]))],
  'end with the last bytes': () => new StringDecoder('utf8').end(Buffer.from('é')),
};
