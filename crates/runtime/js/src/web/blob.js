// Blob and File of the File API.
import { bytesOf, exactBuffer } from '../intrinsics.js';
import { native } from '../native.js';
import { join, utf8 } from '../text.js';
import { streamOf } from './streams.js';

export class Blob {
  /** @type {Uint8Array} */
  #bytes;
  #type;

  /**
   * @param {Iterable<any>} [parts]
   * @param {{ type?: string, endings?: string }} [options]
   */
  constructor(parts = [], options = {}) {
    if (typeof parts !== 'object' || parts === null || typeof parts[Symbol.iterator] !== 'function') {
      throw new TypeError('The parts of a Blob must be a list');
    }
    const chunks = [];
    for (const part of parts) chunks.push(part instanceof Blob ? part.#bytes : bytesOf(part) ?? utf8(String(part)));
    this.#bytes = join(chunks);
    const type = String(options?.type ?? '');
    this.#type = /[^\x20-\x7e]/.test(type) ? '' : type.toLowerCase();
  }

  get size() {
    return this.#bytes.length;
  }

  get type() {
    return this.#type;
  }

  /** @param {number} [start] @param {number} [end] @param {string} [type] @returns {Blob} */
  slice(start, end, type = '') {
    return new Blob([this.#bytes.slice(start, end)], { type });
  }

  /** @returns {Promise<string>} */
  async text() {
    return native.decode('utf-8', exactBuffer(this.#bytes), false, false);
  }

  /** @returns {Promise<ArrayBuffer>} */
  async arrayBuffer() {
    return this.#bytes.slice().buffer;
  }

  /** @returns {Promise<Uint8Array>} */
  async bytes() {
    return this.#bytes.slice();
  }

  /** @returns {ReadableStream} */
  stream() {
    return streamOf(this.#bytes);
  }

  /** For this folder only: what is inside, not to be changed. @param {Blob} blob @returns {Uint8Array} */
  static bytes(blob) {
    return blob.#bytes;
  }

  get [Symbol.toStringTag]() {
    return 'Blob';
  }
}

/** @typedef {any} ReadableStream */

/** What is inside a blob, without copying it; not to be changed. */
export const blobBytes = Blob.bytes;
Reflect.deleteProperty(Blob, 'bytes');

export class File extends Blob {
  #name;
  #lastModified;

  /**
   * @param {Iterable<any>} parts
   * @param {string} name
   * @param {{ type?: string, lastModified?: number }} [options]
   */
  constructor(parts, name, options = {}) {
    if (arguments.length < 2) throw new TypeError('A File needs its parts and a name');
    super(parts, options);
    this.#name = String(name);
    this.#lastModified = options?.lastModified === undefined ? Date.now() : Number(options.lastModified) || 0;
  }

  get name() {
    return this.#name;
  }

  get lastModified() {
    return this.#lastModified;
  }

  get webkitRelativePath() {
    return '';
  }

  get [Symbol.toStringTag]() {
    return 'File';
  }
}

