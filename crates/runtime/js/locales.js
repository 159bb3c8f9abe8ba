// Packs the data of Intl's languages into one file, in the form that ../src/locales.rs reads.
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';

/** Languages, and regions whose numbers or dates differ from their language's usual ones. */
const LOCALES = `
  en en-AU en-CA en-GB en-IE en-IN en-NZ en-ZA de de-AT de-CH fr fr-BE fr-CA fr-CH es es-419 es-AR es-CL es-CO es-MX es-US it it-CH
  pt pt-PT nl nl-BE sv da nb no nn fi is pl cs sk hu ro bg hr sr sl et lv lt el tr uk ru ca eu gl cy ga he ar ar-AE ar-EG ar-SA fa ur hi
  bn ta te mr gu kn ml th vi id ms fil ja ko zh zh-Hant zh-Hant-HK sw af az kk ka hy mk sq bs
`.trim().split(/\s+/);
const KINDS = { number: 'NumberFormat', date: 'DateTimeFormat', relative: 'RelativeTimeFormat', list: 'ListFormat' };

/** @returns {Promise<string[]>} the npm packages whose data is inside */
export async function packLocales(target) {
  const jobs = Object.entries(KINDS).flatMap(([kind, name]) => LOCALES.map(async (locale) => {
    const file = `node_modules/@formatjs/intl-${name.toLowerCase()}/locale-data/${locale}.js`;
    const code = await readFile(file, 'utf8').catch(() => undefined);
    if (code === undefined) return [];
    let found;
    // The file is a program that hands its data to a class.
    new Function('Intl', code)({ [name]: { __addLocaleData: (data) => { found = data; } } });
    const packed = await promisify(brotliCompress)(JSON.stringify(found), { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 22 } });
    return [{ name: `${kind}/${locale}`, packed }];
  }));
  const parts = (await Promise.all(jobs)).flat();
  const list = Buffer.from(JSON.stringify(parts.map(({ name, packed }) => [name, packed.length])));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(list.length);
  await writeFile(target, Buffer.concat([length, list, ...parts.map(({ packed }) => packed)]));
  return Object.values(KINDS).map((name) => `@formatjs/intl-${name.toLowerCase()}`);
}
