// Keys in the form of RFC 7517. The DER of elliptic curves is put together here: it is a fixed frame around the numbers.
import { Bytes, exactBuffer } from '../intrinsics.js';
import { bufferClass } from '../native.js';
import { join, toBase64 } from '../text.js';
import { asked, coded, native } from './input.js';

/** Curves with the names of Node, bytes of a number, and their object identifiers. */
const CURVES = [
  { jwk: 'P-256', node: 'prime256v1', size: 32, oid: [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] },
  { jwk: 'P-384', node: 'secp384r1', size: 48, oid: [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22] },
  { jwk: 'P-521', node: 'secp521r1', size: 66, oid: [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23] },
];
const EC_KEY = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519 = [0x06, 0x03, 0x2b, 0x65, 0x70];

export const getCurves = () => CURVES.map(({ node }) => node);

/** @param {number} tag @param {(number[] | Uint8Array)[]} content @returns {Uint8Array} */
function der(tag, ...content) {
  const body = join(content.map((part) => Bytes.from(part)));
  const { length } = body;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return join([Bytes.from(head), body]);
}

/** @param {any} text @param {number} [size] @returns {Uint8Array} */
function number(text, size) {
  if (typeof text !== 'string') throw coded('ERR_CRYPTO_INVALID_JWK', 'Invalid JWK data', TypeError);
  const bytes = new Bytes(bufferClass().from(text, 'base64url'));
  if (size === undefined || bytes.length === size) return bytes;
  if (bytes.length > size) throw coded('ERR_CRYPTO_INVALID_JWK', 'Invalid JWK data', TypeError);
  return join([new Bytes(size - bytes.length), bytes]);
}

/** @param {Uint8Array} bytes @returns {import('./keys.js').Known} */
const read = (bytes) => asked(() => native.readKey(exactBuffer(bytes), undefined));

/** @param {any} jwk @returns {import('./keys.js').Known} */
export function keyOfJwk(jwk) {
  switch (jwk?.kty) {
    case 'RSA': {
      const parts = jwk.d === undefined ? [jwk.n, jwk.e] : [jwk.n, jwk.e, jwk.d, jwk.p, jwk.q];
      return asked(() => native.rsaKey(parts.map((part) => exactBuffer(number(part)))));
    }
    case 'EC': {
      const curve = CURVES.find((one) => one.jwk === jwk.crv);
      if (curve === undefined) throw coded('ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name', TypeError);
      const point = join([Bytes.of(4), number(jwk.x, curve.size), number(jwk.y, curve.size)]);
      const kind = der(0x30, EC_KEY, curve.oid);
      if (jwk.d === undefined) return read(der(0x30, kind, der(0x03, [0], point)));
      const secret = der(0x30, [0x02, 0x01, 0x01], der(0x04, number(jwk.d, curve.size)), der(0xa1, der(0x03, [0], point)));
      return read(der(0x30, [0x02, 0x01, 0x00], kind, der(0x04, secret)));
    }
    case 'OKP': {
      if (jwk.crv !== 'Ed25519') throw coded('ERR_CRYPTO_INVALID_JWK', 'Invalid JWK data', TypeError);
      const kind = der(0x30, ED25519);
      if (jwk.d === undefined) return read(der(0x30, kind, der(0x03, [0], number(jwk.x, 32))));
      return read(der(0x30, [0x02, 0x01, 0x00], kind, der(0x04, der(0x04, number(jwk.d, 32)))));
    }
    default:
      throw coded('ERR_CRYPTO_INVALID_JWK', 'Invalid JWK data', TypeError);
  }
}

/** @param {import('./keys.js').Known} known @param {boolean} isPrivate @returns {object} */
export function jwkOf(known, isPrivate) {
  const text = (/** @type {ArrayBuffer | Uint8Array} */ bytes) => toBase64(new Bytes(bytes), true);
  if (known.kind === 'rsa') {
    const numbers = native.rsaNumbers(known.der, isPrivate);
    return { kty: 'RSA', ...Object.fromEntries(['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].slice(0, numbers.length).map((name, at) => [name, text(numbers[at])])) };
  }
  const publicDer = isPrivate ? native.publicKey(known.der).der : known.der;
  const point = new Bytes(native.exportKey(publicDer, false, 'raw'));
  const secret = isPrivate ? { d: text(native.exportKey(known.der, true, 'raw')) } : {};
  if (known.kind === 'ed25519') return { crv: 'Ed25519', ...secret, x: text(point), kty: 'OKP' };
  const curve = /** @type {any} */ (CURVES.find((one) => one.node === known.curve));
  return { kty: 'EC', x: text(point.slice(1, 1 + curve.size)), y: text(point.slice(1 + curve.size)), crv: curve.jwk, ...secret };
}
