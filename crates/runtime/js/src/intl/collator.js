// Intl.Collator, over the engine's tables.
import { native } from '../native.js';
import { canonical, DEFAULT, plain } from './locales.js';

const SENSITIVITY = { base: 'b', accent: 'a', case: 'c', variant: '' };

/** @param {any} options @param {string} name @param {string[]} values @param {string} fallback @returns {string} */
function option(options, name, values, fallback) {
  const value = options[name];
  if (value === undefined) return fallback;
  const text = String(value);
  if (!values.includes(text)) throw new RangeError(`Value ${text} out of range for Intl.Collator options property ${name}`);
  return text;
}

export class Collator {
  #locale;
  #options;
  #how;
  /** @type {((a: unknown, b: unknown) => number) | undefined} */
  #compare;

  /** @param {unknown} [locales] @param {any} [given] */
  constructor(locales, given) {
    const options = given === undefined ? {} : Object(given);
    const tag = canonical(locales)[0] ?? DEFAULT;
    this.#locale = plain(tag);
    const usage = option(options, 'usage', ['sort', 'search'], 'sort');
    const numeric = options.numeric === undefined ? /-u-(?:.*-)?kn(?!-false)/.test(tag) : Boolean(options.numeric);
    const caseFirst = option(options, 'caseFirst', ['upper', 'lower', 'false'], /-kf-(upper|lower)/.exec(tag)?.[1] ?? 'false');
    const sensitivity = option(options, 'sensitivity', ['base', 'accent', 'case', 'variant'], 'variant');
    const ignorePunctuation = Boolean(options.ignorePunctuation ?? (this.#locale === 'th' || this.#locale.startsWith('th-')));
    this.#options = { usage, sensitivity, ignorePunctuation, collation: 'default', numeric, caseFirst };
    const first = caseFirst === 'upper' ? 'u' : caseFirst === 'lower' ? 'l' : '';
    this.#how = `${/** @type {any} */ (SENSITIVITY)[sensitivity]}${numeric ? 'n' : ''}${ignorePunctuation ? 'p' : ''}${first}`;
    native.collate(this.#locale, this.#how, '', '');
  }

  get compare() {
    this.#compare ??= (a, b) => native.collate(this.#locale, this.#how, String(a), String(b));
    return this.#compare;
  }

  resolvedOptions() {
    return { locale: this.#locale, ...this.#options };
  }

  /** @param {unknown} locales @returns {string[]} */
  static supportedLocalesOf(locales) {
    return canonical(locales);
  }

  get [Symbol.toStringTag]() {
    return 'Intl.Collator';
  }
}
