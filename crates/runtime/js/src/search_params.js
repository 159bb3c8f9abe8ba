// URLSearchParams of the WHATWG URL standard.
import {
  arrayPush, arraySort, arraySplice, Bytes, charCodeAt, decodeComponent, encodeComponent, isArray, objectAssign, objectKeys,
  regReplace, stringIndexOf, stringReplaceAll, stringSlice, stringSplit, toText, TypeErrorClass, wellFormed,
} from './intrinsics.js';
import { native } from './native.js';
import { join, utf8 } from './text.js';

export class URLSearchParams {
  /** @type {[string, string][]} */
  #pairs = [];
  /** Told after every change; set by the URL that owns this list. @type {((query: string) => void) | undefined} */
  #changed;

  /** @param {any} [init] text, pairs, another list or a record */
  constructor(init) {
    if (init === undefined || init === null) return;
    if (typeof init !== 'object' && typeof init !== 'function') this.#pairs = parse(toText(init));
    else if (#pairs in init) this.#pairs = init.#pairs.map((pair) => [pair[0], pair[1]]);
    else if (typeof init[Symbol.iterator] === 'function') {
      for (const item of init) {
        const pair = isArray(item) ? item : [...item];
        if (pair.length !== 2) {
          throw objectAssign(new TypeErrorClass('Each query pair must be an iterable [name, value] tuple'), { code: 'ERR_INVALID_TUPLE' });
        }
        this.#add(pair[0], pair[1]);
      }
    } else {
      const keys = objectKeys(init);
      for (let index = 0; index < keys.length; index += 1) this.#add(keys[index], init[keys[index]]);
    }
  }

  /**
   * For URL only: the list that follows its query.
   * @param {string} query
   * @param {(query: string) => void} changed
   * @returns {URLSearchParams}
   */
  static owned(query, changed) {
    const list = new URLSearchParams(query);
    list.#changed = changed;
    return list;
  }

  /**
   * For URL only: takes the query over without reporting a change.
   * @param {URLSearchParams} list
   * @param {string} query
   */
  static reload(list, query) {
    list.#pairs = parse(query);
  }

  /** @returns {number} */
  get size() {
    return this.#pairs.length;
  }

  /** @param {unknown} name @param {unknown} value */
  append(name, value) {
    this.#add(name, value);
    this.#report();
  }

  /** @param {unknown} name @param {unknown} [value] only pairs with this value */
  delete(name, value) {
    const wanted = scalar(name);
    const only = value === undefined ? undefined : scalar(value);
    this.#keep((pair) => pair[0] !== wanted || (only !== undefined && pair[1] !== only));
    this.#report();
  }

  /** @param {unknown} name @returns {string | null} */
  get(name) {
    const wanted = scalar(name);
    for (let index = 0; index < this.#pairs.length; index += 1) {
      if (this.#pairs[index][0] === wanted) return this.#pairs[index][1];
    }
    return null;
  }

  /** @param {unknown} name @returns {string[]} */
  getAll(name) {
    const wanted = scalar(name);
    const found = /** @type {string[]} */ ([]);
    for (let index = 0; index < this.#pairs.length; index += 1) {
      if (this.#pairs[index][0] === wanted) arrayPush(found, this.#pairs[index][1]);
    }
    return found;
  }

  /** @param {unknown} name @param {unknown} [value] @returns {boolean} */
  has(name, value) {
    const wanted = scalar(name);
    const only = value === undefined ? undefined : scalar(value);
    for (let index = 0; index < this.#pairs.length; index += 1) {
      const pair = this.#pairs[index];
      if (pair[0] === wanted && (only === undefined || pair[1] === only)) return true;
    }
    return false;
  }

  /** @param {unknown} name @param {unknown} value */
  set(name, value) {
    const wanted = scalar(name);
    let found = false;
    this.#keep((pair) => {
      if (pair[0] !== wanted) return true;
      if (found) return false;
      found = true;
      pair[1] = scalar(value);
      return true;
    });
    if (!found) this.#add(wanted, value);
    this.#report();
  }

  sort() {
    arraySort(this.#pairs, (/** @type {[string, string]} */ a, /** @type {[string, string]} */ b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    this.#report();
  }

  /** @param {(value: string, name: string, list: URLSearchParams) => void} callback @param {unknown} [self] */
  forEach(callback, self) {
    for (let index = 0; index < this.#pairs.length; index += 1) callback.call(self, this.#pairs[index][1], this.#pairs[index][0], this);
  }

  * entries() {
    for (let index = 0; index < this.#pairs.length; index += 1) {
      yield /** @type {[string, string]} */ ([this.#pairs[index][0], this.#pairs[index][1]]);
    }
  }

  * keys() {
    for (let index = 0; index < this.#pairs.length; index += 1) yield this.#pairs[index][0];
  }

  * values() {
    for (let index = 0; index < this.#pairs.length; index += 1) yield this.#pairs[index][1];
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  /** @returns {string} */
  toString() {
    let text = '';
    for (let index = 0; index < this.#pairs.length; index += 1) {
      text += `${index === 0 ? '' : '&'}${encode(this.#pairs[index][0])}=${encode(this.#pairs[index][1])}`;
    }
    return text;
  }

  get [Symbol.toStringTag]() {
    return 'URLSearchParams';
  }

  /** @param {unknown} name @param {unknown} value */
  #add(name, value) {
    arrayPush(this.#pairs, [scalar(name), scalar(value)]);
  }

  /** @param {(pair: [string, string]) => boolean} wanted */
  #keep(wanted) {
    for (let index = this.#pairs.length - 1, from = 0; from <= index;) {
      if (wanted(this.#pairs[from])) from += 1;
      else {
        arraySplice(this.#pairs, from, 1);
        index -= 1;
      }
    }
  }

  #report() {
    this.#changed?.(this.toString());
  }

  /**
   * Is the value a list made by this class?
   * @param {unknown} value
   * @returns {value is URLSearchParams}
   */
  static is(value) {
    return typeof value === 'object' && value !== null && #pairs in value;
  }
}

/** @type {(value: unknown) => string} */
const scalar = (text) => wellFormed(toText(text));

/**
 * @param {string} query with or without its question mark
 * @returns {[string, string][]}
 */
function parse(query) {
  const text = query[0] === '?' ? stringSlice(query, 1) : query;
  const pairs = /** @type {[string, string][]} */ ([]);
  const parts = stringSplit(text, '&');
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index];
    if (part === '') continue;
    const cut = stringIndexOf(part, '=');
    const name = cut === -1 ? part : stringSlice(part, 0, cut);
    arrayPush(pairs, [decode(name), cut === -1 ? '' : decode(stringSlice(part, cut + 1))]);
  }
  return pairs;
}

/** What encodeURIComponent leaves but application/x-www-form-urlencoded does not. */
const LEFT_OVER = /[!'()~]|%20/g;

/**
 * @param {string} text
 * @returns {string}
 */
function encode(text) {
  return regReplace(LEFT_OVER, encodeComponent(text), (/** @type {string} */ found) => (
    found === '%20' ? '+' : `%${charCodeAt(found, 0).toString(16).toUpperCase()}`
  ));
}

/**
 * @param {string} text
 * @returns {string}
 */
function decode(text) {
  const spaced = stringReplaceAll(scalar(text), '+', ' ');
  if (stringIndexOf(spaced, '%') === -1) return spaced;
  try {
    return decodeComponent(spaced);
  } catch {
    return decodeLoosely(spaced);
  }
}

/**
 * For text with stray percent signs or bytes that are not UTF-8: what can be decoded is, the rest stays or becomes U+FFFD.
 * @param {string} text
 * @returns {string}
 */
function decodeLoosely(text) {
  const chunks = /** @type {Uint8Array[]} */ ([]);
  let literal = '';
  for (let index = 0; index < text.length; index += 1) {
    const byte = text[index] === '%' ? hexByte(text, index + 1) : -1;
    if (byte === -1) literal += text[index];
    else {
      arrayPush(chunks, utf8(literal), new Bytes([byte]));
      literal = '';
      index += 2;
    }
  }
  arrayPush(chunks, utf8(literal));
  return native.decode('utf-8', join(chunks).buffer, false, true);
}

/**
 * @param {string} text
 * @param {number} at
 * @returns {number} -1 when there are no two hexadecimal digits
 */
function hexByte(text, at) {
  const digits = stringSlice(text, at, at + 2);
  return /^[0-9a-fA-F]{2}$/.test(digits) ? parseInt(digits, 16) : -1;
}
