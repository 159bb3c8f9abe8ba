// Ciphers: AES in the modes CBC, ECB, CTR and GCM, and triple DES.
import { Bytes, exactBuffer } from '../intrinsics.js';
import { bufferClass } from '../native.js';
import { join } from '../text.js';
import { StringDecoder } from 'string_decoder';
import { asked, coded, inputBytes, native } from './input.js';
import { secretBytes } from './keys.js';

/** @type {Record<string, string>} */
const ALIASES = Object.assign(Object.create(null), {
  aes128: 'aes-128-cbc', aes192: 'aes-192-cbc', aes256: 'aes-256-cbc', des3: 'des-ede3-cbc', 'des-ede3': 'des-ede3-ecb',
  'id-aes128-gcm': 'aes-128-gcm', 'id-aes192-gcm': 'aes-192-gcm', 'id-aes256-gcm': 'aes-256-gcm',
});
const SIZES = ['128', '192', '256'];
const CIPHERS = [...SIZES.flatMap((size) => ['cbc', 'ecb', 'ctr', 'gcm'].map((mode) => `aes-${size}-${mode}`)), 'des-ede3-cbc', 'des-ede3-ecb'];
/** Bytes of an authentication tag. */
const TAG = 16;
const NONE = new Bytes(0);

/** @returns {string[]} */
export const getCiphers = () => [...CIPHERS];

/** What Cipheriv and Decipheriv have in common. */
class Conversion {
  #encrypt;
  #name;
  #mode;
  /** @type {ArrayBuffer} */
  #key;
  /** @type {Uint8Array} */
  #iv;
  #block;
  /** Data that waits for the rest of its block; in GCM, all of it. @type {Uint8Array[]} */
  #waiting = [];
  #done = false;
  #offset = 0;
  #padding = true;
  #aad = NONE;
  /** @type {Uint8Array | undefined} */
  #tag;
  #tagLength = TAG;
  /** @type {any} */
  #decoder;

  /** @param {boolean} encrypt @param {string} name @param {any} key @param {any} iv @param {any} [options] */
  constructor(encrypt, name, key, iv, options) {
    const plain = String(name).toLowerCase();
    this.#name = ALIASES[plain] ?? plain;
    if (!CIPHERS.includes(this.#name)) throw coded('ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
    this.#encrypt = encrypt;
    this.#mode = this.#name.slice(-3);
    this.#block = this.#name.startsWith('des') ? 8 : 16;
    this.#key = exactBuffer(secretBytes(key).slice());
    this.#iv = iv === null || iv === undefined ? NONE : inputBytes(iv).slice();
    if (options?.authTagLength !== undefined) this.#tagLength = options.authTagLength;
    // Wrong lengths are to be said here.
    if (this.#mode === 'gcm') this.#gcm(true, NONE);
    else this.#convert(NONE, this.#iv);
  }

  /** @param {any} data @param {string} [inputEncoding] @param {string} [outputEncoding] @returns {any} */
  update(data, inputEncoding, outputEncoding) {
    this.#check();
    const bytes = inputBytes(data, inputEncoding);
    return this.#out(this.#mode === 'gcm' ? this.#updateGcm(bytes) : this.#mode === 'ctr' ? this.#updateCtr(bytes) : this.#updateBlocks(bytes), outputEncoding, false);
  }

  /** @param {string} [outputEncoding] @returns {any} */
  final(outputEncoding) {
    this.#check();
    this.#done = true;
    return this.#out(this.#mode === 'gcm' ? this.#finalGcm() : this.#mode === 'ctr' ? NONE : this.#finalBlocks(), outputEncoding, true);
  }

  /** @param {boolean} [automatic] @returns {this} */
  setAutoPadding(automatic = true) {
    this.#padding = Boolean(automatic);
    return this;
  }

  /** @param {any} data @returns {this} */
  setAAD(data) {
    this.#aad = join([this.#aad, inputBytes(data)]);
    return this;
  }

  /** @returns {any} a Buffer */
  getAuthTag() {
    if (this.#tag === undefined || !this.#encrypt) throw coded('ERR_CRYPTO_INVALID_STATE', 'Invalid state for operation getAuthTag');
    return bufferClass().from(this.#tag.slice(0, this.#tagLength));
  }

  /** @param {any} tag @param {string} [encoding] @returns {this} */
  setAuthTag(tag, encoding) {
    const bytes = inputBytes(tag, encoding);
    if (bytes.length > TAG || (bytes.length < 12 && bytes.length !== 4 && bytes.length !== 8)) {
      throw coded('ERR_CRYPTO_INVALID_AUTH_TAG', `Invalid authentication tag length: ${bytes.length}`, TypeError);
    }
    this.#tag = bytes.slice();
    return this;
  }

  #check() {
    if (this.#done) throw coded('ERR_CRYPTO_INVALID_STATE', 'Unsupported state');
  }

  /** @param {Uint8Array} bytes @param {Uint8Array} iv @param {string} [name] @returns {Uint8Array} */
  #convert(bytes, iv, name = this.#name) {
    return new Bytes(asked(() => native.cipher(name, this.#encrypt, this.#key, exactBuffer(iv), exactBuffer(bytes), this.#offset)));
  }

  /** @param {boolean} encrypt @param {Uint8Array} bytes @returns {Uint8Array} */
  #gcm(encrypt, bytes) {
    return new Bytes(asked(() => native.gcm(encrypt, this.#key, exactBuffer(this.#iv), exactBuffer(this.#aad), exactBuffer(bytes))));
  }

  /** @param {Uint8Array} bytes @returns {Uint8Array} */
  #updateCtr(bytes) {
    const converted = this.#convert(bytes, this.#iv);
    this.#offset += bytes.length;
    return converted;
  }

  /** @param {Uint8Array} bytes @returns {Uint8Array} */
  #updateBlocks(bytes) {
    const all = join([...this.#waiting, bytes]);
    // The last block of what is decrypted may be padding: it waits.
    const held = !this.#encrypt && this.#padding && all.length > 0 ? 1 : 0;
    const ready = Math.floor((all.length - held) / this.#block) * this.#block;
    this.#waiting = [all.slice(Math.max(ready, 0))];
    return ready <= 0 ? NONE : this.#blocks(all.slice(0, ready));
  }

  /** Whole blocks; the next ones go on from the last of them. @param {Uint8Array} bytes @returns {Uint8Array} */
  #blocks(bytes) {
    const converted = this.#convert(bytes, this.#iv);
    if (this.#mode === 'cbc') this.#iv = (this.#encrypt ? converted : bytes).slice(-this.#block);
    return converted;
  }

  /** @returns {Uint8Array} */
  #finalBlocks() {
    const rest = join(this.#waiting);
    if (this.#encrypt) {
      if (!this.#padding) {
        if (rest.length > 0) throw coded('ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH', 'wrong final block length');
        return NONE;
      }
      const count = this.#block - (rest.length % this.#block);
      return this.#blocks(join([rest, new Bytes(count).fill(count)]));
    }
    if (rest.length % this.#block !== 0 || (this.#padding && rest.length === 0)) throw coded('ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH', 'wrong final block length');
    const decrypted = rest.length === 0 ? NONE : this.#blocks(rest);
    if (!this.#padding) return decrypted;
    const count = decrypted[decrypted.length - 1];
    const isPadding = count > 0 && count <= this.#block && decrypted.slice(-count).every((byte) => byte === count);
    if (!isPadding) throw coded('ERR_OSSL_BAD_DECRYPT', 'bad decrypt');
    return decrypted.slice(0, -count);
  }

  /** With the usual length of the start value, GCM is CTR that begins at 2; otherwise all comes at the end. */
  get #isStreaming() {
    return this.#iv.length === 12;
  }

  /** @param {Uint8Array} bytes @returns {Uint8Array} */
  #updateGcm(bytes) {
    this.#waiting.push(bytes.slice());
    if (!this.#isStreaming) return NONE;
    const counter = new Bytes(16);
    counter.set(this.#iv);
    counter[15] = 2;
    const converted = this.#convert(bytes, counter, this.#name.replace('gcm', 'ctr'));
    this.#offset += bytes.length;
    return converted;
  }

  /** @returns {Uint8Array} */
  #finalGcm() {
    const all = join(this.#waiting);
    if (this.#encrypt) {
      const sealed = this.#gcm(true, all);
      this.#tag = sealed.slice(-TAG);
      return this.#isStreaming ? NONE : sealed.slice(0, -TAG);
    }
    if (this.#tag === undefined) throw new Error('Unsupported state or unable to authenticate data');
    if (this.#tag.length < TAG) throw coded('ERR_CRYPTO_INVALID_AUTH_TAG', 'Shortened authentication tags are not supported', TypeError);
    const decrypted = this.#gcm(false, join([all, this.#tag]));
    return this.#isStreaming ? NONE : decrypted;
  }

  /** @param {Uint8Array} bytes @param {string | undefined} encoding @param {boolean} isLast @returns {any} */
  #out(bytes, encoding, isLast) {
    const buffer = bufferClass().from(exactBuffer(bytes));
    if (encoding === undefined || encoding === null || encoding === 'buffer') return buffer;
    // Characters and groups of base64 may begin in one piece and end in the next.
    this.#decoder ??= new StringDecoder(encoding);
    return isLast ? this.#decoder.end(buffer) : this.#decoder.write(buffer);
  }
}

class Cipheriv extends Conversion {
  /** @param {string} name @param {any} key @param {any} iv @param {any} [options] */
  constructor(name, key, iv, options) {
    super(true, name, key, iv, options);
  }
}

class Decipheriv extends Conversion {
  /** @param {string} name @param {any} key @param {any} iv @param {any} [options] */
  constructor(name, key, iv, options) {
    super(false, name, key, iv, options);
  }
}

export { Cipheriv, Decipheriv };
/** @param {string} name @param {any} key @param {any} iv @param {any} [options] @returns {Cipheriv} */
export const createCipheriv = (name, key, iv, options) => new Cipheriv(name, key, iv, options);
/** @param {string} name @param {any} key @param {any} iv @param {any} [options] @returns {Decipheriv} */
export const createDecipheriv = (name, key, iv, options) => new Decipheriv(name, key, iv, options);
