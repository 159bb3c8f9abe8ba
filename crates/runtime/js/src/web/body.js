// What Request and Response have in common: a body that can be read once.
import { Bytes, bytesOf, exactBuffer, jsonParse } from '../intrinsics.js';
import { native } from '../native.js';
import { utf8 } from '../text.js';
import { Blob, blobBytes } from './blob.js';
import { decodeForm, encodeForm, FormData } from './form_data.js';
import { drain, isStream, streamOf } from './streams.js';

/**
 * @typedef {object} Content
 * @property {Uint8Array | undefined} bytes undefined while only a stream has them
 * @property {any} stream the stream that was given, or that somebody asked for
 * @property {string | null} type the content type that goes with it
 */

/**
 * @param {any} body
 * @returns {Content | null} null for none
 */
export function contentOf(body) {
  if (body === undefined || body === null) return null;
  const bytes = bytesOf(body);
  // A copy: the caller may go on writing.
  if (bytes !== undefined) return { bytes: bytes.slice(), stream: undefined, type: null };
  if (body instanceof Blob) return { bytes: blobBytes(body), stream: undefined, type: body.type === '' ? null : body.type };
  if (body instanceof FormData) return { ...encodeForm(body), stream: undefined };
  if (body instanceof URLSearchParams) return { bytes: utf8(`${body}`), stream: undefined, type: 'application/x-www-form-urlencoded;charset=UTF-8' };
  if (isStream(body)) return { bytes: undefined, stream: body, type: null };
  return { bytes: utf8(String(body)), stream: undefined, type: 'text/plain;charset=UTF-8' };
}

export class Body {
  /** @type {Content | null} */
  #content = null;
  #used = false;

  /** @param {Content | null} content */
  constructor(content) {
    this.#content = content;
  }

  get body() {
    if (this.#content === null) return null;
    this.#content.stream ??= streamOf(this.#content.bytes ?? new Bytes(0));
    return this.#content.stream;
  }

  get bodyUsed() {
    return this.#used || (this.#content?.stream?.locked ?? false);
  }

  /** @returns {Promise<string>} */
  async text() {
    return native.decode('utf-8', exactBuffer(await this.#take()), false, false);
  }

  /** @returns {Promise<any>} */
  async json() {
    return jsonParse(await this.text());
  }

  /** @returns {Promise<ArrayBuffer>} */
  async arrayBuffer() {
    return exactBuffer((await this.#take()).slice());
  }

  /** @returns {Promise<Uint8Array>} */
  async bytes() {
    return (await this.#take()).slice();
  }

  /** @this {any} @returns {Promise<Blob>} */
  async blob() {
    const type = this.headers.get('content-type') ?? '';
    return new Blob([await this.arrayBuffer()], { type });
  }

  /** @this {any} @returns {Promise<FormData>} */
  async formData() {
    const type = this.headers.get('content-type') ?? '';
    const boundary = /^multipart\/form-data\s*;.*boundary="?([^";]+)/i.exec(type)?.[1];
    if (boundary !== undefined) return decodeForm(new Bytes(await this.arrayBuffer()), boundary);
    if (!/^application\/x-www-form-urlencoded/i.test(type)) throw new TypeError('The body is not a form');
    const form = new FormData();
    new URLSearchParams(await this.text()).forEach((/** @type {string} */ value, /** @type {string} */ name) => form.append(name, value));
    return form;
  }

  /** @returns {Promise<Uint8Array>} */
  async #take() {
    if (this.bodyUsed) throw new TypeError('Body is unusable: Body has already been read');
    this.#used = this.#content !== null;
    if (this.#content === null) return new Bytes(0);
    return this.#content.bytes ?? drain(this.#content.stream);
  }

  /**
   * For this folder only: the content, which from then on belongs to the caller.
   * @param {Body} body
   * @param {boolean} keep whether both go on using it
   * @returns {Content | null}
   */
  static content(body, keep) {
    if (body.bodyUsed) throw new TypeError('Body is unusable: Body has already been read');
    const content = body.#content;
    if (content === null) return null;
    if (!keep) {
      body.#used = true;
      return content;
    }
    if (content.bytes !== undefined) return { ...content, stream: undefined };
    const [left, right] = content.stream.tee();
    content.stream = left;
    return { ...content, stream: right };
  }
}

/** The content of a request or response; with `keep`, that one can still be read. */
export const takeContent = Body.content;
Reflect.deleteProperty(Body, 'content');
