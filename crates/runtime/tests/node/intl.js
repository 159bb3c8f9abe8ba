const date = new Date(Date.UTC(2024, 6, 9, 15, 4, 5, 678));
const winter = new Date(Date.UTC(2024, 0, 31, 23, 59, 59));
const zones = ['UTC', 'America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Tokyo', 'Australia/Sydney', 'America/Sao_Paulo', 'US/Pacific', 'Pacific/Auckland'];
/** Spaces that versions of the tables differ in. */
const plain = (text) => text.replace(/[\u202f\u00a0]/g, ' ');
const number = (locale, options) => [0, 1, -1, 1234.5, 1234567.891, 0.005, 1e21, NaN, -Infinity].map((value) => plain(new Intl.NumberFormat(locale, options).format(value)));
const when = (locale, options) => [date, winter].map((one) => plain(new Intl.DateTimeFormat(locale, options).format(one)));

export default {
  ...Object.fromEntries(['en-US', 'en-GB', 'de-DE', 'de-CH', 'fr-FR', 'es-ES', 'pt-BR', 'ja-JP', 'en-IN', 'sv-SE', 'pl-PL'].map((locale) => [`numbers in ${locale}`, () => [
    number(locale), number(locale, { style: 'percent' }), number(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }), number(locale, { useGrouping: false }),
    plain(new Intl.NumberFormat(locale, { style: 'currency', currency: 'EUR' }).format(1234.5)), plain(new Intl.NumberFormat(locale, { style: 'currency', currency: 'JPY' }).format(-1234.5)),
  ]])),
  'other numbers': () => [
    new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' }).format(1234.567), new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', currencyDisplay: 'code' }).format(5).replace(/\s/, ' '), new Intl.NumberFormat('en-US', { notation: 'compact' }).format(1234567), new Intl.NumberFormat('en-US', { notation: 'compact', compactDisplay: 'long' }).format(1234567),
    new Intl.NumberFormat('en-US', { notation: 'scientific' }).format(123456), new Intl.NumberFormat('en-US', { style: 'unit', unit: 'kilometer-per-hour' }).format(50), new Intl.NumberFormat('en-US', { style: 'unit', unit: 'liter', unitDisplay: 'long' }).format(16), new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 }).format(123456),
    new Intl.NumberFormat('en-US', { signDisplay: 'exceptZero' }).format(5), new Intl.NumberFormat('en-US', { minimumIntegerDigits: 3 }).format(5), new Intl.NumberFormat('en-US').format(12345678901234567890n), Intl.NumberFormat('en').format(5),
    new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', currencySign: 'accounting' }).format(-5),
  ],
  'parts of a number': () => new Intl.NumberFormat('de-DE', { style: 'currency', currency: 'EUR' }).formatToParts(1234.5).map(({ type, value }) => [type, plain(value)]),
  'toLocaleString of numbers': () => [1234.5.toLocaleString(), (0).toLocaleString('de-DE', { minimumFractionDigits: 2 }), 1234567n.toLocaleString('en-US'), (12).toLocaleString(undefined, { style: 'percent' }), [1234.5, new Date(0)].length],
  'a currency that is none': () => new Intl.NumberFormat('en', { style: 'currency', currency: 'nope!' }),
  'a currency that is missing': () => new Intl.NumberFormat('en', { style: 'currency' }),
  'a language that is none': () => new Intl.NumberFormat('not a language'),
  ...Object.fromEntries(['en-US', 'en-GB', 'de-DE', 'fr-FR', 'es-ES', 'it-IT', 'pt-BR', 'nl-NL', 'sv-SE', 'ja-JP', 'zh-CN', 'ko-KR'].map((locale) => [`dates in ${locale}`, () => [
    when(locale), when(locale, { dateStyle: 'medium' }), when(locale, { dateStyle: 'short' }), when(locale, { year: 'numeric', month: 'long', day: 'numeric' }), when(locale, { year: 'numeric', month: '2-digit', day: '2-digit' }), when(locale, { hour: '2-digit', minute: '2-digit', hour12: false }),
    when(locale, { weekday: 'long' }), when(locale, { month: 'short', day: 'numeric' }),
  ]])),
  ...Object.fromEntries(zones.map((timeZone) => [`zone ${timeZone}`, () => [
    when('en-US', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }),
    new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' }).formatToParts(date).filter(({ type }) => type !== 'literal').map(({ type, value }) => [type, value]),
    plain(date.toLocaleString('en-US', { timeZone })), plain(winter.toLocaleDateString('de-DE', { timeZone })),
  ]])),
  'old dates in zones': () => [new Date(Date.UTC(1890, 0, 1)), new Date(Date.UTC(1970, 5, 1)), new Date(Date.UTC(1999, 11, 31, 23)), new Date(Date.UTC(2050, 6, 1))].map((one) => one.toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' })),
  'names of zones': () => [plain(new Intl.DateTimeFormat('en-US', { timeZone: 'America/New_York', hour: 'numeric', timeZoneName: 'short' }).format(date)), plain(new Intl.DateTimeFormat('en-US', { timeZone: 'America/New_York', hour: 'numeric', timeZoneName: 'long' }).format(winter))],
  'a time is read again as it was written': () => [date.toLocaleString('en-US', { timeZone: 'America/New_York' }), Number.isNaN(new Date(date.toLocaleString('en-US', { timeZone: 'Asia/Tokyo' })).getTime())],
  'a zone that is none': () => new Intl.DateTimeFormat('en', { timeZone: 'Mars/Olympus' }),
  'toLocaleString of dates': () => [date.toLocaleString(), date.toLocaleDateString(), date.toLocaleTimeString(), date.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }), date.toLocaleTimeString('en-US', { hour: '2-digit', minute: '2-digit' }), date.toLocaleDateString('en-CA'), date.toLocaleTimeString('de-DE'), new Date(NaN).toLocaleString(), date.toLocaleString('en-US', { month: 'long' }), date.toLocaleString('en-US', { hour12: false })].map(plain),
  'options': () => {
    const { locale, timeZone, calendar, numberingSystem } = new Intl.DateTimeFormat().resolvedOptions();
    const numbers = new Intl.NumberFormat('de-DE').resolvedOptions();
    return [locale, timeZone, calendar, numberingSystem, numbers.locale, numbers.maximumFractionDigits];
  },
  'ranges': () => plain(new Intl.DateTimeFormat('en-US', { year: 'numeric', month: 'short', day: 'numeric' }).formatRange(winter, date)).replace(/\u2009/g, ' '),
  'order': () => [
    ['z', 'a', 'Z', 'A', 'ä', 'é', 'e', '_', '10', '9', 'ß', 'ss'].sort(new Intl.Collator('en').compare), ['ä', 'z', 'a', 'ö', 'o'].sort(new Intl.Collator('sv').compare), ['ä', 'z', 'a'].sort((a, b) => a.localeCompare(b, 'de')), ['item 10', 'item 9', 'Item 1'].sort((a, b) => a.localeCompare(b, undefined, { numeric: true, sensitivity: 'base' })),
    'a'.localeCompare('b'), 'a'.localeCompare('B'), 'a'.localeCompare('A'), 'a'.localeCompare('á', 'en', { sensitivity: 'base' }), 'résumé'.localeCompare('resume'), ['b', 'a', 'C'].sort((a, b) => a.localeCompare(b)), new Intl.Collator('en', { caseFirst: 'upper' }).compare('a', 'A'), new Intl.Collator(undefined, { ignorePunctuation: true }).compare('a-b', 'ab'),
  ],
  'options of an order': () => new Intl.Collator('de', { numeric: true, sensitivity: 'base' }).resolvedOptions(),
  'an order that is none': () => new Intl.Collator('en', { sensitivity: 'nope' }),
  'plural forms': () => [['en', 1], ['en', 2], ['en', 0], ['pl', 3], ['ar', 0], ['ru', 21], ['ja', 1], ['fr', 1.5]].map(([locale, value]) => new Intl.PluralRules(locale).select(value)),
  'ordinals': () => [1, 2, 3, 4, 11, 21, 22].map((value) => new Intl.PluralRules('en-US', { type: 'ordinal' }).select(value)),
  'relative times': () => [new Intl.RelativeTimeFormat('en').format(-1, 'day'), new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(-1, 'day'), new Intl.RelativeTimeFormat('de').format(3, 'months'), new Intl.RelativeTimeFormat('es', { numeric: 'auto' }).format(0, 'week')],
  'lists': () => [new Intl.ListFormat('en').format(['a', 'b', 'c']), new Intl.ListFormat('de', { type: 'disjunction' }).format(['a', 'b']), new Intl.ListFormat('en', { type: 'unit', style: 'narrow' }).format(['a', 'b'])],
  'locales': () => [Intl.getCanonicalLocales(['EN-us', 'zh-hans-cn']), new Intl.Locale('en-Latn-US').language, new Intl.Locale('zh').maximize().toString(), Intl.NumberFormat.supportedLocalesOf(['en-US', 'de', 'xx'])],
  'instances': () => [new Intl.NumberFormat() instanceof Intl.NumberFormat, Object.prototype.toString.call(new Intl.DateTimeFormat()), typeof Intl, [3, 1].map(new Intl.NumberFormat('en', { minimumFractionDigits: 1 }).format)],
};
