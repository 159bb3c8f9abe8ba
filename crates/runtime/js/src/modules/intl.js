// `Intl`: Formatjs' classes with data that is read when it is needed, and what the `toLocale…` methods are made of.
import given from 'bespoke:native';
import { DateTimeFormat as Dates } from '@formatjs/intl-datetimeformat';
import { getCanonicalLocales } from '@formatjs/intl-getcanonicallocales';
import Lists from '@formatjs/intl-listformat';
import { Locale } from '@formatjs/intl-locale';
import { NumberFormat as Numbers } from '@formatjs/intl-numberformat';
import { PluralRules as Plurals } from '@formatjs/intl-pluralrules';
import Relatives from '@formatjs/intl-relativetimeformat';
import { native, setNative } from '../native.js';
import { Collator } from '../intl/collator.js';
import { DEFAULT, dataOf, plain, resolve, supported } from '../intl/locales.js';
import { intlObject } from '../intl/object.js';

setNative(given);

/**
 * A class whose data for a locale is there when an instance is made.
 * @param {any} Class of Formatjs
 * @param {(locales: unknown) => void} prepare
 * @param {string} kind
 * @returns {any}
 */
function prepared(Class, prepare, kind) {
  Class.getDefaultLocale = () => DEFAULT;
  Object.defineProperty(Class, 'supportedLocalesOf', { value: (/** @type {unknown} */ locales) => supported(kind, locales), writable: true, configurable: true });
  /** @type {any} */
  const Prepared = new Proxy(Class, {
    construct(target, values, newTarget) {
      prepare(values[0]);
      return Reflect.construct(target, values, newTarget === Prepared ? target : newTarget);
    },
    apply(target, _self, values) {
      prepare(values[0]);
      return Reflect.construct(target, values);
    },
  });
  Class.prototype.constructor = Prepared;
  return Prepared;
}

/** @param {any} Class @param {string} kind @returns {(locales: unknown) => void} */
function reader(Class, kind) {
  /** @type {Set<string>} */
  const known = new Set();
  return (locales) => {
    const { locale, data } = resolve(kind, locales);
    const tag = plain(locale);
    if (known.has(tag)) return;
    known.add(tag);
    // Under the name that was asked for too: that is what `resolvedOptions` says.
    const { data: content } = dataOf(kind, data);
    Class.__addLocaleData({ locale: data, data: content }, { locale: tag, data: content });
  };
}

/** The engine knows the rules of every language. @param {unknown} locales */
function readPlurals(locales) {
  const { locale, data } = resolve('number', locales);
  const tag = plain(locale);
  if (pluralLocales.has(tag)) return;
  pluralLocales.add(tag);
  const fn = (/** @type {unknown} */ number, /** @type {boolean} */ ordinal) => native.plural(data, Boolean(ordinal), String(number));
  const categories = (/** @type {boolean} */ ordinal) => [...new Set(SAMPLES.map((sample) => fn(sample, ordinal)))];
  /** @type {any} */ (Plurals).__addLocaleData({ locale: tag, data: { categories: { cardinal: categories(false), ordinal: categories(true) }, fn } });
}
/** @type {Set<string>} */
const pluralLocales = new Set();
/** Numbers that have every form that a language may have. */
const SAMPLES = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '10', '11', '21', '22', '100', '102', '1000000', '0.5', '1.5', '2.5'];

// `tzData[zone]` are rows of [from, nothing, offset, is summer time].
/** @type {Record<string, any>} */
const zones = {};
/** @param {string} name @returns {any} */
function zone(name) {
  if (Object.hasOwn(zones, name)) return zones[name];
  const numbers = native.timeZone(name);
  if (numbers === null || numbers === undefined) return undefined;
  const rows = [];
  for (let at = 0; at < numbers.length; at += 3) rows.push([numbers[at], '', numbers[at + 1], numbers[at + 2] === 1]);
  zones[name] = rows;
  return rows;
}
/** @type {any} */ (Dates).tzData = new Proxy(zones, { get: (_target, name) => (typeof name === 'string' ? zone(name) : undefined) });
zone('UTC');
/** @type {any} */ (Dates).__defaultTimeZone = 'UTC';
/** @type {any} */ (Dates).getDefaultTimeZone = () => 'UTC';

const readNumbers = reader(Numbers, 'number');
const readDates = reader(Dates, 'date');
const NumberFormat = prepared(Numbers, (locales) => {
  readPlurals(locales);
  readNumbers(locales);
}, 'number');
const PluralRules = prepared(Plurals, (locales) => {
  readPlurals(locales);
  readNumbers(locales);
}, 'number');
const RelativeTimeFormat = prepared(Relatives, reader(Relatives, 'relative'), 'relative');
const ListFormat = prepared(Lists, reader(Lists, 'list'), 'list');
/** @type {any} */
const DateTimeFormat = new Proxy(prepared(Dates, readDates, 'date'), {
  construct: (target, [locales, options], newTarget) => Reflect.construct(target, [locales, withZone(options)], newTarget === DateTimeFormat ? target : newTarget),
  apply: (target, _self, [locales, options]) => Reflect.construct(target, [locales, withZone(options)]),
});
/** @type {any} */ (Dates).prototype.constructor = DateTimeFormat;

/** The zone must be known before its name is looked at. @param {any} options @returns {any} */
function withZone(options) {
  if (options?.timeZone !== undefined) zone(String(options.timeZone));
  return options;
}

Object.assign(intlObject, {
  Collator, DateTimeFormat, getCanonicalLocales, ListFormat, Locale, NumberFormat, PluralRules, RelativeTimeFormat,
});
Object.defineProperty(intlObject, Symbol.toStringTag, { value: 'Intl', configurable: true });
for (const name of Object.keys(intlObject)) Object.defineProperty(intlObject, name, { enumerable: false });

const DATE = ['weekday', 'year', 'month', 'day'];
const TIME = ['dayPeriod', 'hour', 'minute', 'second', 'fractionalSecondDigits'];

/**
 * Date.prototype.toLocaleString and its relatives.
 * @param {Date} date
 * @param {unknown} locales
 * @param {any} options
 * @param {'date' | 'time' | 'any'} wanted
 * @returns {string}
 */
export function dateToLocale(date, locales, options, wanted) {
  const time = Date.prototype.getTime.call(date);
  if (Number.isNaN(time)) return 'Invalid Date';
  return new DateTimeFormat(locales, withDefaults(options, wanted)).format(time);
}

/** @param {any} given @param {'date' | 'time' | 'any'} wanted @returns {any} */
function withDefaults(given, wanted) {
  if (given === null) throw new TypeError('Cannot convert undefined or null to object');
  const options = given === undefined ? {} : Object(given);
  const has = (/** @type {string[]} */ names) => names.some((name) => options[name] !== undefined);
  if (wanted === 'date' && options.timeStyle !== undefined) throw new TypeError("Can't set option timeStyle when date is required");
  if (wanted === 'time' && options.dateStyle !== undefined) throw new TypeError("Can't set option dateStyle when time is required");
  if (has(['dateStyle', 'timeStyle']) || (wanted !== 'time' && has(DATE)) || (wanted !== 'date' && has(TIME))) return given;
  const defaults = { ...(wanted === 'time' ? {} : { year: 'numeric', month: 'numeric', day: 'numeric' }), ...(wanted === 'date' ? {} : { hour: 'numeric', minute: 'numeric', second: 'numeric' }) };
  const all = Object.create(options);
  for (const [name, value] of Object.entries(defaults)) Object.defineProperty(all, name, { value, enumerable: true });
  return all;
}

/** @type {any} */
let plainNumbers;
/** @param {number | bigint} value @param {unknown} locales @param {any} options @returns {string} */
export function numberToLocale(value, locales, options) {
  if (locales !== undefined || options !== undefined) return new NumberFormat(locales, options).format(value);
  plainNumbers ??= new NumberFormat();
  return plainNumbers.format(value);
}

/** @param {string} a @param {string} b @param {unknown} locales @param {any} options @returns {number} */
export const compareTexts = (a, b, locales, options) => new Collator(locales, options).compare(a, b);

export { intlObject as Intl };
