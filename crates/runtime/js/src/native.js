// The one reference to what the Rust engine offers. It stays inside the runtime's own modules.

/**
 * @typedef {object} Reply
 * @property {any} head the answer's small part, already parsed
 * @property {ArrayBuffer | undefined} body the answer's bulk part
 *
 * @typedef {object} UrlParts
 * @property {string} href
 * @property {string} protocol
 * @property {string} username
 * @property {string} password
 * @property {string} host
 * @property {string} hostname
 * @property {string} port
 * @property {string} pathname
 * @property {string} search
 * @property {string} hash
 * @property {string} origin
 *
 * @typedef {object} Native
 * @property {(op: string, args: string, body?: ArrayBuffer | string) => Promise<Reply>} call
 * @property {(op: string, args: string) => void} notify
 * @property {(path: string) => boolean} noteRead notes that the run read this place of its configuration; false when no more is kept
 * @property {(milliseconds: number, run: () => void) => number} setTimer
 * @property {(id: number) => void} clearTimer
 * @property {(json: ArrayBuffer) => any} parseJson skips a byte order mark
 * @property {(text: string) => ArrayBuffer} encodeUtf8
 * @property {(label: string, bytes: ArrayBuffer, fatal: boolean, ignoreBom: boolean) => string} decode
 * @property {(algorithm: string, data: ArrayBuffer) => ArrayBuffer} hash
 * @property {(algorithm: string, key: ArrayBuffer, data: ArrayBuffer) => ArrayBuffer} hmac
 * @property {(hash: string, password: ArrayBuffer, salt: ArrayBuffer, rounds: number, length: number) => ArrayBuffer} pbkdf2
 * @property {(password: ArrayBuffer, salt: ArrayBuffer, cost: number, block: number, parallel: number, length: number) => ArrayBuffer} scrypt
 * @property {(hash: string, key: ArrayBuffer, salt: ArrayBuffer, info: ArrayBuffer, length: number) => ArrayBuffer} hkdf
 * @property {(name: string, encrypt: boolean, key: ArrayBuffer, iv: ArrayBuffer, data: ArrayBuffer, offset: number) => ArrayBuffer} cipher without padding
 * @property {(encrypt: boolean, key: ArrayBuffer, iv: ArrayBuffer, aad: ArrayBuffer, data: ArrayBuffer) => ArrayBuffer} gcm the tag is at the end
 * @property {(key: ArrayBuffer, passphrase: string | undefined) => import('./crypto/keys.js').Known} readKey
 * @property {(der: ArrayBuffer) => import('./crypto/keys.js').Known} publicKey
 * @property {(der: ArrayBuffer, isPrivate: boolean, form: string) => ArrayBuffer} exportKey
 * @property {(der: ArrayBuffer, isPrivate: boolean) => ArrayBuffer[]} rsaNumbers
 * @property {(numbers: ArrayBuffer[]) => import('./crypto/keys.js').Known} rsaKey
 * @property {(der: ArrayBuffer, data: ArrayBuffer, hash: string, padding: string, salt: number, flat: boolean) => ArrayBuffer} sign
 * @property {(der: ArrayBuffer, data: ArrayBuffer, signature: ArrayBuffer, hash: string, how: { padding: string, salt: number, flat: boolean }) => boolean} verify
 * @property {(der: ArrayBuffer, data: ArrayBuffer, oaep: string | undefined) => ArrayBuffer} rsaEncrypt
 * @property {(der: ArrayBuffer, data: ArrayBuffer, oaep: string | undefined) => ArrayBuffer} rsaDecrypt
 * @property {(locale: string, how: string, a: string, b: string) => number} collate
 * @property {(locale: string, ordinal: boolean, number: string) => string} plural
 * @property {(name: string) => number[] | null | undefined} timeZone from when on, how far from UTC, whether summer time
 * @property {(name: string) => string | undefined} localeData JSON text
 * @property {() => string[]} localeNames
 * @property {(method: string, level: number, data: ArrayBuffer, limit: number) => ArrayBuffer} zlib
 * @property {(data: ArrayBuffer) => number} crc32
 * @property {(count: number) => ArrayBuffer} randomBytes
 * @property {(a: ArrayBuffer, b: ArrayBuffer) => boolean} timingSafeEqual
 * @property {(href: string, base: string | undefined) => UrlParts | null} url
 * @property {(href: string, part: string, value: string) => UrlParts | null} setUrlPart
 * @property {() => number} now milliseconds since some moment
 * @property {() => number} clock milliseconds since 1970, where the clock does not go by itself
 * @property {() => void} inOwnTime notes that what happens must not happen ahead of a run
 * @property {() => number} random at least 0 and less than 1
 * @property {(name: string) => any} builtin
 */

/** @type {Native} */
export let native;

/** @param {Native} given */
export function setNative(given) {
  native = given;
}

/**
 * The Buffer class, loaded when it is first needed: most functions never do.
 * @returns {any}
 */
export function bufferClass() {
  return native.builtin('buffer').Buffer;
}
