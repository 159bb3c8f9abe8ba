// Which languages there are, and their data, which is read when it is first asked for.
import { jsonParse } from '../intrinsics.js';
import { native } from '../native.js';
import { getCanonicalLocales } from '@formatjs/intl-getcanonicallocales';

/** What is used where nothing is asked for. */
export const DEFAULT = 'en-US';

/** @type {Set<string> | undefined} */
let names;
/** @param {string} kind @param {string} locale @returns {boolean} */
const has = (kind, locale) => (names ??= new Set(native.localeNames())).has(`${kind}/${locale}`);

/** @param {string} locale without its extensions @returns {string[]} it and what it is a special case of, nearest first */
function family(locale) {
  const all = [];
  for (let tag = locale; tag !== ''; tag = tag.slice(0, Math.max(tag.lastIndexOf('-'), 0))) all.push(tag);
  const [language, second] = locale.split('-');
  // Chinese of these regions is written in the other script.
  if (language === 'zh' && ['TW', 'HK', 'MO'].includes(second)) all.splice(1, 0, ...(second === 'TW' ? ['zh-Hant'] : [`zh-Hant-HK`, 'zh-Hant']));
  return all;
}

/** @param {unknown} locales @returns {string[]} */
export function canonical(locales) {
  return locales === undefined ? [] : getCanonicalLocales(/** @type {any} */ (locales));
}

/** @param {string} tag @returns {string} */
export const plain = (tag) => tag.replace(/-u-.*$/, '').replace(/-x-.*$/, '');

/**
 * The first of these locales, or a more general one, for which there is data.
 * @param {string} kind
 * @param {unknown} locales
 * @returns {{ locale: string, data: string }} the locale asked for, and the one whose data serves it
 */
export function resolve(kind, locales) {
  for (const tag of canonical(locales)) {
    const data = family(plain(tag)).find((one) => has(kind, one));
    if (data !== undefined) return { locale: tag, data };
  }
  return { locale: DEFAULT, data: 'en' };
}

/** @param {string} kind @param {unknown} locales @returns {string[]} those that there is data for */
export function supported(kind, locales) {
  return canonical(locales).filter((tag) => family(plain(tag)).some((one) => has(kind, one)));
}

/** @param {string} kind @param {string} locale @returns {any} */
export function dataOf(kind, locale) {
  const text = /** @type {string} */ (native.localeData(`${kind}/${locale}`));
  // Node.js writes a plain space before AM and PM, which `new Date` can read again: that is how dayjs changes zones.
  return jsonParse(kind === 'date' ? text.replaceAll('\u202f', ' ') : text);
}
