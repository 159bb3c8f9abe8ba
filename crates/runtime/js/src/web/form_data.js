// FormData of the XMLHttpRequest standard, and its form on the wire.
import { join, toHex, toLatin1, utf8 } from '../text.js';
import { native } from '../native.js';
import { Bytes } from '../intrinsics.js';
import { Blob, blobBytes, File } from './blob.js';

/** @typedef {string | InstanceType<typeof File>} Value */

export class FormData {
  /** @type {[string, Value][]} */
  #entries = [];

  constructor() {
    if (arguments.length > 0 && arguments[0] !== undefined) throw new TypeError('There are no forms here to take values from');
  }

  /** @param {string} name @param {any} value @param {string} [filename] */
  append(name, value, filename) {
    this.#entries.push([text(name), valueOf(value, filename)]);
  }

  /** @param {string} name @param {any} value @param {string} [filename] */
  set(name, value, filename) {
    const key = text(name);
    const at = this.#entries.findIndex(([other]) => other === key);
    if (at < 0) this.append(name, value, filename);
    else {
      this.#entries[at][1] = valueOf(value, filename);
      this.#entries = this.#entries.filter(([other], index) => other !== key || index === at);
    }
  }

  /** @param {string} name */
  delete(name) {
    const key = text(name);
    this.#entries = this.#entries.filter(([other]) => other !== key);
  }

  /** @param {string} name @returns {Value | null} */
  get(name) {
    const key = text(name);
    return this.#entries.find(([other]) => other === key)?.[1] ?? null;
  }

  /** @param {string} name @returns {Value[]} */
  getAll(name) {
    const key = text(name);
    return this.#entries.filter(([other]) => other === key).map(([, value]) => value);
  }

  /** @param {string} name @returns {boolean} */
  has(name) {
    const key = text(name);
    return this.#entries.some(([other]) => other === key);
  }

  /** @param {(value: Value, name: string, form: FormData) => void} callback @param {any} [self] */
  forEach(callback, self) {
    for (const [name, value] of this) callback.call(self, value, name, this);
  }

  *entries() {
    for (const [name, value] of this.#entries) yield /** @type {[string, Value]} */ ([name, value]);
  }

  *keys() {
    for (const [name] of this.#entries) yield name;
  }

  *values() {
    for (const [, value] of this.#entries) yield value;
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  get [Symbol.toStringTag]() {
    return 'FormData';
  }
}

/** @param {unknown} value @returns {string} */
const text = (value) => String(value).toWellFormed();

/** @param {any} value @param {string | undefined} filename @returns {Value} */
function valueOf(value, filename) {
  if (!(value instanceof Blob)) return text(value);
  if (value instanceof File && filename === undefined) return value;
  return new File([value], filename ?? 'blob', { type: value.type });
}

/**
 * @param {FormData} form
 * @returns {{ bytes: Uint8Array, type: string }} multipart/form-data
 */
export function encodeForm(form) {
  const boundary = `----bespoke-${toHex(new Bytes(native.randomBytes(16)))}`;
  const chunks = [];
  for (const [name, value] of form) {
    const label = `--${boundary}\r\nContent-Disposition: form-data; name="${escape(name)}"`;
    if (typeof value === 'string') chunks.push(utf8(`${label}\r\n\r\n${value.replace(/\r?\n|\r/g, '\r\n')}\r\n`));
    else {
      const type = value.type === '' ? 'application/octet-stream' : value.type;
      chunks.push(utf8(`${label}; filename="${escape(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`), blobBytes(value), utf8('\r\n'));
    }
  }
  chunks.push(utf8(`--${boundary}--\r\n`));
  return { bytes: join(chunks), type: `multipart/form-data; boundary=${boundary}` };
}

/** @param {string} name @returns {string} */
function escape(name) {
  return name.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22');
}

/**
 * @param {Uint8Array} bytes of a multipart/form-data body
 * @param {string} boundary
 * @returns {FormData}
 */
export function decodeForm(bytes, boundary) {
  // One character per byte, so that positions in the text are positions in the bytes.
  const whole = toLatin1(bytes);
  const plain = (/** @type {string} */ part) => native.decode('utf-8', new Bytes(Array.from(part, (character) => character.charCodeAt(0))).buffer, false, true);
  const form = new FormData();
  const mark = `--${boundary}`;
  let at = whole.indexOf(mark);
  while (at >= 0) {
    const start = at + mark.length;
    const next = whole.indexOf(`\r\n${mark}`, start);
    if (whole.startsWith('--', start) || next < 0) return form;
    const head = whole.indexOf('\r\n\r\n', start);
    if (head < 0 || head > next) break;
    const headers = plain(whole.slice(start, head));
    const name = /;\s*name="([^"]*)"/i.exec(headers)?.[1];
    const filename = /;\s*filename="([^"]*)"/i.exec(headers)?.[1];
    if (name === undefined) break;
    const label = unescape(name);
    if (filename === undefined) form.append(label, plain(whole.slice(head + 4, next)));
    else {
      const type = /^content-type:\s*(.*?)\s*$/im.exec(headers)?.[1] ?? 'text/plain';
      form.append(label, new File([bytes.slice(head + 4, next)], unescape(filename), { type }));
    }
    at = next + 2;
  }
  throw new TypeError('The body is not a form');
}

/** @param {string} name @returns {string} */
function unescape(name) {
  return name.replace(/%0D/g, '\r').replace(/%0A/g, '\n').replace(/%22/g, '"');
}
