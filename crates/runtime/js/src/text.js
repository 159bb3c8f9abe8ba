// TextEncoder, TextDecoder, and bytes as hex, base64 and latin1 text.
import {
  Bytes, bytesOf, bytesSet, bytesSubarray, charCodeAt, ErrorClass, exactBuffer, fromCharCode, lowerCase, min, objectAssign, objectCreate,
  regExec, stringTrim, toBoolean, toText, TypeErrorClass,
} from './intrinsics.js';
import { native } from './native.js';

/** Names of the encodings that TextDecoder reports; every other label is reported in lower case. @type {Record<string, string>} */
const CANONICAL = objectAssign(objectCreate(null), {
  utf8: 'utf-8', 'unicode-1-1-utf-8': 'utf-8', 'utf-16': 'utf-16le', unicode: 'utf-16le', 'ucs-2': 'utf-16le', latin1: 'windows-1252',
  ascii: 'windows-1252', 'us-ascii': 'windows-1252', 'iso-8859-1': 'windows-1252', iso88591: 'windows-1252', cp1252: 'windows-1252',
});

export class TextEncoder {
  /** @returns {string} */
  get encoding() {
    return 'utf-8';
  }

  /** @param {string} [text] @returns {Uint8Array} */
  encode(text = '') {
    return utf8(toText(text));
  }

  /**
   * @param {string} text
   * @param {Uint8Array} destination
   * @returns {{ read: number, written: number }}
   */
  encodeInto(text, destination) {
    let read = 0;
    let written = 0;
    while (read < text.length) {
      const code = /** @type {number} */ (text.codePointAt(read));
      const units = code > 0xffff ? 2 : 1;
      // A lone surrogate becomes U+FFFD, which takes three bytes like every other unit of its range.
      const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code > 0xffff ? 4 : 3;
      if (written + size > destination.length) break;
      read += units;
      written += size;
    }
    bytesSet(destination, utf8(text.slice(0, read)));
    return { read, written };
  }
}

export class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBom;
  /** Bytes of an unfinished character from the previous chunk. @type {Uint8Array} */
  #rest = new Bytes(0);
  #started = false;

  /**
   * @param {string} [label]
   * @param {{ fatal?: boolean, ignoreBOM?: boolean }} [options]
   */
  constructor(label = 'utf-8', options = {}) {
    const name = lowerCase(stringTrim(toText(label)));
    this.#encoding = CANONICAL[name] ?? name;
    this.#fatal = toBoolean(options?.fatal);
    this.#ignoreBom = toBoolean(options?.ignoreBOM);
    // An unknown label must fail here, not at the first use.
    native.decode(this.#encoding, new Bytes(0).buffer, false, false);
  }

  get encoding() {
    return this.#encoding;
  }

  get fatal() {
    return this.#fatal;
  }

  get ignoreBOM() {
    return this.#ignoreBom;
  }

  /**
   * @param {ArrayBuffer | ArrayBufferView} [input]
   * @param {{ stream?: boolean }} [options]
   * @returns {string}
   */
  decode(input, options) {
    const given = input === undefined ? new Bytes(0) : bytesOf(input);
    if (given === undefined) throw new TypeErrorClass('The input must be an ArrayBuffer or a view on one');
    const all = this.#rest.length === 0 ? given : join([this.#rest, given]);
    const stream = toBoolean(options?.stream);
    const end = stream ? all.length - unfinished(all, this.#encoding) : all.length;
    this.#rest = stream && end < all.length ? bytesOf(exactBuffer(bytesSubarray(all, end))) ?? new Bytes(0) : new Bytes(0);
    const text = native.decode(this.#encoding, exactBuffer(bytesSubarray(all, 0, end)), this.#fatal, this.#ignoreBom || this.#started);
    this.#started = stream && (this.#started || end > 0);
    return text;
  }
}

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function utf8(text) {
  return new Bytes(native.encodeUtf8(text));
}

/**
 * How many bytes at the end belong to a character that is not complete yet.
 * @param {Uint8Array} bytes
 * @param {string} encoding
 * @returns {number}
 */
function unfinished(bytes, encoding) {
  const { length } = bytes;
  if (encoding === 'utf-16le' || encoding === 'utf-16be') {
    const odd = length % 2;
    const high = bytes[length - odd - (encoding === 'utf-16le' ? 1 : 2)];
    return length - odd >= 2 && high >= 0xd8 && high < 0xdc ? odd + 2 : odd;
  }
  if (encoding !== 'utf-8') return 0;
  for (let back = 1; back <= min(3, length); back += 1) {
    const byte = bytes[length - back];
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/**
 * @param {Uint8Array[]} chunks
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function join(chunks) {
  let length = 0;
  for (let index = 0; index < chunks.length; index += 1) length += chunks[index].length;
  const joined = new Bytes(length);
  let offset = 0;
  for (let index = 0; index < chunks.length; index += 1) {
    bytesSet(joined, chunks[index], offset);
    offset += chunks[index].length;
  }
  return joined;
}

const HEX = '0123456789abcdef';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64_URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** @param {Uint8Array} bytes @returns {string} */
export function toHex(bytes) {
  let text = '';
  for (let index = 0; index < bytes.length; index += 1) text += HEX[bytes[index] >> 4] + HEX[bytes[index] & 15];
  return text;
}

/** @param {Uint8Array} bytes @returns {string} */
export function toLatin1(bytes) {
  let text = '';
  for (let index = 0; index < bytes.length; index += 1) text += fromCharCode(bytes[index]);
  return text;
}

/**
 * @param {Uint8Array} bytes
 * @param {boolean} [forUrls] the alphabet of RFC 4648 §5, without padding
 * @returns {string}
 */
export function toBase64(bytes, forUrls = false) {
  const alphabet = forUrls ? BASE64_URL : BASE64;
  let text = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index;
    const group = (bytes[index] << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    text += alphabet[group >> 18] + alphabet[(group >> 12) & 63];
    text += left > 1 ? alphabet[(group >> 6) & 63] : forUrls ? '' : '=';
    text += left > 2 ? alphabet[group & 63] : forUrls ? '' : '=';
  }
  return text;
}

/**
 * @param {unknown} [data] one byte per character
 * @returns {string}
 */
export function btoa(data) {
  const text = toText(data);
  const bytes = new Bytes(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const code = charCodeAt(text, index);
    if (code > 255) throw invalidCharacter('The text has characters outside of Latin1');
    bytes[index] = code;
  }
  return toBase64(bytes);
}

/**
 * @param {unknown} [data] base64; white space is skipped, padding may be missing
 * @returns {string} one character per byte
 */
export function atob(data) {
  let text = toText(data).replace(/[\t\n\f\r ]+/g, '');
  if (text.length % 4 === 0) text = text.replace(/==?$/, '');
  if (text.length % 4 === 1 || regExec(/[^A-Za-z0-9+/]/, text) !== null) throw invalidCharacter('The text is not correctly base64 encoded');
  let decoded = '';
  let group = 0;
  let bits = 0;
  for (let index = 0; index < text.length; index += 1) {
    group = ((group << 6) | BASE64.indexOf(text[index])) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      decoded += fromCharCode((group >> bits) & 0xff);
    }
  }
  return decoded;
}

/**
 * @param {string} message
 * @returns {Error}
 */
function invalidCharacter(message) {
  const error = new ErrorClass(message);
  error.name = 'InvalidCharacterError';
  objectAssign(error, { code: 5 });
  return error;
}
