// URL of the WHATWG URL standard; the parsing itself is done in Rust.
import { toText, TypeErrorClass, wellFormed } from './intrinsics.js';
import { native } from './native.js';
import { URLSearchParams } from './search_params.js';

/** @typedef {import('./native.js').UrlParts} UrlParts */

// Taken here because functions can reach and replace static members of the public classes.
const { owned, reload } = URLSearchParams;
/** Is the value a URLSearchParams? */
export const isSearchParams = URLSearchParams.is;
Reflect.deleteProperty(URLSearchParams, 'owned');
Reflect.deleteProperty(URLSearchParams, 'reload');
Reflect.deleteProperty(URLSearchParams, 'is');

export class URL {
  /** @type {UrlParts} */
  #parts;
  /** Made when first asked for. @type {URLSearchParams | undefined} */
  #search;

  /**
   * @param {unknown} url
   * @param {unknown} [base]
   */
  constructor(url, base) {
    const parts = parse(url, base);
    if (parts === null) throw invalidUrl(toText(url), base);
    this.#parts = parts;
  }

  /** @param {unknown} url @param {unknown} [base] @returns {boolean} */
  static canParse(url, base) {
    return parse(url, base) !== null;
  }

  /** @param {unknown} url @param {unknown} [base] @returns {URL | null} */
  static parse(url, base) {
    return URL.canParse(url, base) ? new URL(url, base) : null;
  }

  get href() {
    return this.#parts.href;
  }

  set href(value) {
    const parts = parse(value, undefined);
    if (parts === null) throw invalidUrl(toText(value), undefined);
    this.#replace(parts);
  }

  get origin() {
    return this.#parts.origin;
  }

  get protocol() {
    return this.#parts.protocol;
  }

  set protocol(value) {
    this.#set('protocol', value);
  }

  get username() {
    return this.#parts.username;
  }

  set username(value) {
    this.#set('username', value);
  }

  get password() {
    return this.#parts.password;
  }

  set password(value) {
    this.#set('password', value);
  }

  get host() {
    return this.#parts.host;
  }

  set host(value) {
    this.#set('host', value);
  }

  get hostname() {
    return this.#parts.hostname;
  }

  set hostname(value) {
    this.#set('hostname', value);
  }

  get port() {
    return this.#parts.port;
  }

  set port(value) {
    this.#set('port', value);
  }

  get pathname() {
    return this.#parts.pathname;
  }

  set pathname(value) {
    this.#set('pathname', value);
  }

  get search() {
    return this.#parts.search;
  }

  set search(value) {
    this.#set('search', value);
    if (this.#search !== undefined) reload(this.#search, this.#parts.search);
  }

  get hash() {
    return this.#parts.hash;
  }

  set hash(value) {
    this.#set('hash', value);
  }

  /** @returns {URLSearchParams} */
  get searchParams() {
    this.#search ??= owned(this.#parts.search, (query) => this.#set('search', query));
    return this.#search;
  }

  toString() {
    return this.#parts.href;
  }

  toJSON() {
    return this.#parts.href;
  }

  get [Symbol.toStringTag]() {
    return 'URL';
  }

  /** A part that cannot be set like this is left as it is, as the standard wants. @param {string} part @param {unknown} value */
  #set(part, value) {
    const parts = native.setUrlPart(this.#parts.href, part, wellFormed(toText(value)));
    if (parts !== null) this.#parts = parts;
  }

  /** @param {UrlParts} parts */
  #replace(parts) {
    this.#parts = parts;
    if (this.#search !== undefined) reload(this.#search, parts.search);
  }
}

/**
 * @param {unknown} url
 * @param {unknown} base
 * @returns {UrlParts | null}
 */
function parse(url, base) {
  return native.url(wellFormed(toText(url)), base === undefined ? undefined : wellFormed(toText(base)));
}

/**
 * @param {string} input
 * @param {unknown} base
 * @returns {TypeError}
 */
function invalidUrl(input, base) {
  const error = /** @type {any} */ (new TypeErrorClass('Invalid URL'));
  error.code = 'ERR_INVALID_URL';
  error.input = input;
  if (base !== undefined) error.base = toText(base);
  return error;
}
