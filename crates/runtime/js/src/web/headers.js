// Headers of the Fetch standard.
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export class Headers {
  /** Names in lower case with their values, in order of arrival. @type {[string, string][]} */
  #list = [];

  /** @param {any} [init] other headers, pairs or a record */
  constructor(init) {
    if (init === undefined) return;
    if (init === null || (typeof init !== 'object' && typeof init !== 'function')) throw new TypeError('Headers are made of an object or of pairs');
    if (typeof init[Symbol.iterator] === 'function') {
      for (const item of init) {
        const pair = [...item];
        if (pair.length !== 2) throw new TypeError('Each header must be a pair of name and value');
        this.append(pair[0], pair[1]);
      }
    } else for (const name of Object.keys(init)) this.append(name, init[name]);
  }

  /** @param {string} name @param {string} value */
  append(name, value) {
    this.#list.push([checkedName(name), checkedValue(value)]);
  }

  /** @param {string} name @param {string} value */
  set(name, value) {
    const key = checkedName(name);
    const text = checkedValue(value);
    const at = this.#list.findIndex(([other]) => other === key);
    this.delete(key);
    if (at < 0) this.#list.push([key, text]);
    else this.#list.splice(at, 0, [key, text]);
  }

  /** @param {string} name */
  delete(name) {
    const key = checkedName(name);
    this.#list = this.#list.filter(([other]) => other !== key);
  }

  /** @param {string} name @returns {string | null} */
  get(name) {
    const key = checkedName(name);
    const values = this.#list.filter(([other]) => other === key);
    return values.length === 0 ? null : values.map(([, value]) => value).join(', ');
  }

  /** @returns {string[]} */
  getSetCookie() {
    return this.#list.filter(([name]) => name === 'set-cookie').map(([, value]) => value);
  }

  /** @param {string} name @returns {boolean} */
  has(name) {
    const key = checkedName(name);
    return this.#list.some(([other]) => other === key);
  }

  /** @param {(value: string, name: string, headers: Headers) => void} callback @param {any} [self] */
  forEach(callback, self) {
    for (const [name, value] of this) callback.call(self, value, name, this);
  }

  *entries() {
    const names = [...new Set(this.#list.map(([name]) => name))].sort();
    for (const name of names) {
      if (name === 'set-cookie') for (const value of this.getSetCookie()) yield /** @type {[string, string]} */ ([name, value]);
      else yield /** @type {[string, string]} */ ([name, this.get(name) ?? '']);
    }
  }

  *keys() {
    for (const [name] of this.entries()) yield name;
  }

  *values() {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  get [Symbol.toStringTag]() {
    return 'Headers';
  }
}

/** @param {unknown} name @returns {string} */
function checkedName(name) {
  const text = String(name);
  if (!TOKEN.test(text)) throw new TypeError(`Headers: "${text}" is an invalid header name.`);
  return text.toLowerCase();
}

/** @param {unknown} value @returns {string} */
function checkedValue(value) {
  const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
  if (/[\0\r\n]|[^\0-\xff]/.test(text)) throw new TypeError(`Headers: "${text}" is an invalid header value.`);
  return text;
}
