// The configuration as a function sees it: its own copy of a JSON document, which notes the leaves that are looked at.
import { hasOwn, isArray, objectCreate, objectKeys, ProxyClass, reflectDefine, reflectDelete, reflectGet, reflectGetDescriptor, reflectHas, reflectKeys, reflectPreventExtensions, reflectSet, stringIndexOf, stringReplaceAll, stringSlice } from './intrinsics.js';
import { native } from './native.js';

/** What the language and libraries ask any object for: not keys of a configuration, unless it has them. */
const PROBES = /** @type {any} */ ({ __proto__: null, then: true, toJSON: true, length: true });

/**
 * @typedef {object} Noting what is known of one object of the document
 * @property {string} path the JSON pointer to it
 * @property {Record<string, boolean>} known keys that need no note: they have one, or the function wrote them itself
 * @property {boolean} listed whether all keys have a note
 * @property {any} self what the function sees of it
 */

/**
 * An object that is to a function what `document` is. Lists are leaves; so is what is in them.
 * @param {any} document fresh from its JSON text
 * @param {string} [path] the JSON pointer to it
 * @returns {any}
 */
export function noting(document, path = '') {
  if (typeof document !== 'object' || document === null || isArray(document)) return document;
  const noted = objectCreate(traps);
  noted.path = path;
  noted.known = objectCreate(null);
  noted.listed = false;
  noted.self = new ProxyClass(document, noted);
  return noted.self;
}

/**
 * Notes that a key was looked at. An object there is put into its noting form, in the document itself: so it is the same
 * each time, and whatever the function does to the document holds.
 * @param {Noting} noted
 * @param {any} document
 * @param {string | symbol} key
 */
function touch(noted, document, key) {
  if (typeof key !== 'string' || noted.known[key] === true) return;
  const isThere = hasOwn(document, key);
  if (!isThere && (PROBES[key] === true || reflectHas(document, key))) return;
  const path = `${noted.path}/${escaped(key)}`;
  // Where no more notes are kept, nothing is remembered either: a function may look for any number of keys.
  if (!native.noteRead(path)) return;
  noted.known[key] = true;
  if (isThere) document[key] = noting(document[key], path);
}

/**
 * @param {string} key
 * @returns {string} as part of a JSON pointer
 */
const escaped = (key) => stringReplaceAll(stringReplaceAll(key, '~', '~0'), '/', '~1');

/**
 * Notes what a template of a request takes from the configuration: `${metadata.region.code}`.
 * @param {string} text
 */
export function noteTemplates(text) {
  const begin = '${metadata.';
  for (let at = stringIndexOf(text, begin); at !== -1; at = stringIndexOf(text, begin, at + 1)) {
    const end = stringIndexOf(text, '}', at);
    if (end === -1) return;
    native.noteRead(`/${stringReplaceAll(escaped(stringSlice(text, at + begin.length, end)), '.', '/')}`);
  }
}

/**
 * @param {Noting} noted
 * @param {any} document
 */
function touchAll(noted, document) {
  if (noted.listed) return;
  noted.listed = true;
  const keys = objectKeys(document);
  for (let index = 0; index < keys.length; index += 1) touch(noted, document, keys[index]);
}

/** @type {ProxyHandler<any> & ThisType<Noting>} */
const traps = {
  // @ts-expect-error No trap is ever one that a function has put on Object.prototype.
  __proto__: null,
  get(document, key, receiver) {
    // Functions ask again for each record.
    if (this.known[/** @type {string} */ (key)] !== true) touch(this, document, key);
    return receiver === this.self ? document[key] : reflectGet(document, key, receiver);
  },
  has(document, key) {
    touch(this, document, key);
    return reflectHas(document, key);
  },
  getOwnPropertyDescriptor(document, key) {
    touch(this, document, key);
    return reflectGetDescriptor(document, key);
  },
  ownKeys(document) {
    touchAll(this, document);
    return reflectKeys(document);
  },
  // What a function writes into its copy is its own.
  set(document, key, value, receiver) {
    if (receiver !== this.self) return reflectSet(document, key, value, receiver);
    this.known[/** @type {string} */ (key)] = true;
    return reflectSet(document, key, value);
  },
  defineProperty(document, key, descriptor) {
    // Without a value it only makes the key a constant, say: what is there stays.
    if (hasOwn(descriptor, 'value') || hasOwn(descriptor, 'get') || !hasOwn(document, key)) this.known[/** @type {string} */ (key)] = true;
    else touch(this, document, key);
    return reflectDefine(document, key, descriptor);
  },
  deleteProperty(document, key) {
    this.known[/** @type {string} */ (key)] = true;
    return reflectDelete(document, key);
  },
  preventExtensions(document) {
    touchAll(this, document);
    return reflectPreventExtensions(document);
  },
};
