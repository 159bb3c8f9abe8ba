import querystring, { escape, parse, stringify, unescape } from 'querystring';
import * as prefixed from 'node:querystring';

export default {
  'one module': () => [querystring.parse === parse, prefixed.stringify === stringify, querystring.encode === stringify, querystring.decode === parse],
  'parse': () => ['a=1&b=2', 'a=1&a=2&a=3', 'a', 'a=', '=a', '&&a=1&&', 'a=b=c', 'a+b=c+d', '%C3%A9=%F0%9F%98%80', '%zz=%', 'a=%E0%A4', '', 'hasOwnProperty=1&__proto__=2'].map((text) => Object.entries(parse(text))),
  'parse with other separators': () => parse('a:1;b:2;b:3', ';', ':'),
  'parse with long separators': () => parse('a==1&&b==2', '&&', '=='),
  'parse with a limit': () => [Object.keys(parse('a=1&b=2&c=3', null, null, { maxKeys: 2 })).length, Object.keys(parse('a=1&b=2&c=3', null, null, { maxKeys: 0 })).length],
  'a thousand keys by default': () => Object.keys(parse(Array.from({ length: 1100 }, (_, index) => `k${index}=1`).join('&'))).length,
  'parse with a decoder': () => parse('a=%20x', null, null, { decodeURIComponent: (text) => `<${text}>` }),
  'parse of no text': () => [parse(undefined), parse(5)],
  'the result has no prototype': () => Object.getPrototypeOf(parse('a=1')) === null,
  'stringify': () => [
    { a: 1, b: 'x y', c: [1, 2], d: true, e: null, f: undefined, g: {}, h: NaN, i: Infinity, j: '', k: 'é😀', l: 10n, m: [] },
    { "it's": "!'()*~-._" }, {}, [], 'text', null,
  ].map((value) => stringify(value)),
  'stringify with other separators': () => stringify({ a: [1, 2], b: 3 }, ';', ':'),
  'stringify with an encoder': () => stringify({ a: 'x y' }, null, null, { encodeURIComponent: (text) => text.toUpperCase() }),
  'stringify of half a character': () => stringify({ a: '\ud800' }),
  'escape and unescape': () => [escape('a b&c=d/é'), unescape('a%20b%zz%C3%A9+'), escape(5), escape({})],
};
