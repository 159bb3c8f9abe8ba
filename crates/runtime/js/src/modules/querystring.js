// The module `querystring`.
import { Buffer } from 'buffer';

/** @param {unknown} text @returns {string} */
export function escape(text) {
  const plain = typeof text === 'object' ? String(text) : `${/** @type {any} */ (text)}`;
  try {
    return encodeURIComponent(plain);
  } catch {
    throw Object.assign(new URIError('URI malformed'), { code: 'ERR_INVALID_URI' });
  }
}

/** @param {string} text @returns {string} also where it is not correctly escaped */
export function unescape(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return unescapeBuffer(text).toString();
  }
}

/** @param {string} text @returns {any} a Buffer */
export function unescapeBuffer(text) {
  const bytes = [];
  const source = Buffer.from(String(text));
  for (let at = 0; at < source.length; at += 1) {
    const pair = source[at] === 0x25 ? source.toString('latin1', at + 1, at + 3) : '';
    if (/^[0-9a-f]{2}$/i.test(pair)) {
      bytes.push(parseInt(pair, 16));
      at += 2;
    } else bytes.push(source[at]);
  }
  return Buffer.from(bytes);
}

/** @param {unknown} value @returns {string} */
function primitive(value) {
  switch (typeof value) {
    case 'string': return value;
    case 'number': return Number.isFinite(value) ? `${value}` : '';
    case 'bigint': return `${value}`;
    case 'boolean': return value ? 'true' : 'false';
    default: return '';
  }
}

/**
 * @param {any} values
 * @param {string} [separator]
 * @param {string} [equals]
 * @param {{ encodeURIComponent?: (text: string) => string }} [options]
 * @returns {string}
 */
export function stringify(values, separator, equals, options) {
  if (values === null || typeof values !== 'object') return '';
  const encode = options?.encodeURIComponent ?? module.escape;
  const pairs = [];
  for (const key of Object.keys(values)) {
    const start = encode(primitive(key)) + (equals || '=');
    const value = values[key];
    if (Array.isArray(value)) for (const item of value) pairs.push(start + encode(primitive(item)));
    else pairs.push(start + encode(primitive(value)));
  }
  return pairs.join(separator || '&');
}

/**
 * @param {string} text
 * @param {string} [separator]
 * @param {string} [equals]
 * @param {{ maxKeys?: number, decodeURIComponent?: (text: string) => string }} [options]
 * @returns {Record<string, string | string[]>} without a prototype
 */
export function parse(text, separator, equals, options) {
  const values = Object.create(null);
  if (typeof text !== 'string' || text === '') return values;
  const decode = options?.decodeURIComponent ?? module.unescape;
  const limit = options?.maxKeys ?? 1000;
  const sign = equals || '=';
  const pairs = text.split(separator || '&').filter((pair) => pair !== '');
  for (const pair of limit > 0 ? pairs.slice(0, limit) : pairs) {
    const at = pair.indexOf(sign);
    const key = decoded(at < 0 ? pair : pair.slice(0, at), decode);
    const value = at < 0 ? '' : decoded(pair.slice(at + sign.length), decode);
    if (!Object.hasOwn(values, key)) values[key] = value;
    else if (Array.isArray(values[key])) values[key].push(value);
    else values[key] = [values[key], value];
  }
  return values;
}

/** @param {string} text @param {(text: string) => string} decode @returns {string} */
function decoded(text, decode) {
  const spaced = text.replace(/\+/g, ' ');
  try {
    return decode(spaced);
  } catch {
    return unescape(spaced);
  }
}

export { stringify as encode, parse as decode };
const module = { escape, unescape, unescapeBuffer, stringify, parse, encode: stringify, decode: parse };
export default module;
