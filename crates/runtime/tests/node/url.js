import url, { format, parse, resolve, fileURLToPath, pathToFileURL, domainToASCII, domainToUnicode } from 'url';
import * as prefixed from 'node:url';

const texts = [
  'http://user:pass@sub.example.com:8080/p/a/t/h?query=string&a=b#hash', 'https://example.com', '/path/only?x=1', 'mailto:a@b.c',
  '//host/path', 'javascript:alert(1)', 'http://[::1]:80/x', 'HTTP://EXAMPLE.com/ä b', 'file:///etc/passwd', '?a=1', '#x', '',
  'http://a.com/?q=a|b', 'x:y', 'http://example.com:0/', 'http://münchen.de/ü', 'coap:u:p@::1:61616/.well-known/r?n=T#c',
];
const parts = (value) => Object.fromEntries(['protocol', 'slashes', 'auth', 'host', 'port', 'hostname', 'hash', 'search', 'query', 'pathname', 'path', 'href'].map((key) => [key, value[key]]));

export default {
  'one module': () => [url.parse === parse, prefixed.parse === parse, url.URL === URL, url.URLSearchParams === URLSearchParams],
  ...Object.fromEntries(texts.map((text) => [`parse ${text}`, () => parts(parse(text))])),
  'parse with the query taken apart': () => ({ ...parts(parse('http://x/?a=1&b=2&a=3', true)) }),
  'parse with slashes that mean a host': () => parts(parse('//host/path', false, true)),
  'format of parts': () => [
    format({ protocol: 'https', host: 'a.b', pathname: '/x', query: { y: 1, z: [2, 3] } }),
    format({ protocol: 'http:', hostname: 'a', port: 80, hash: 'h', search: 'q=1' }),
    format({ pathname: 'x?y#z', search: '?a#b' }), format('http://a/b'), format({ host: 'a', slashes: true }),
  ],
  'format of a URL': () => {
    const address = new URL('https://u:p@example.com/x?y=1#z');
    return [format(address), format(address, { auth: false, fragment: false, search: false })];
  },
  'resolve': () => [['/one/two/three', 'four'], ['http://a.com/', '/one'], ['http://a.com/one', '/two'], ['http://a/b/c/d;p?q', '../g'], ['http://a/b', '?x'], ['http://a/b', 'https://c'], ['http://a/b', '//c/d'], ['a/b', '../../c'], ['http://a.com/b', '#h']].map(([from, to]) => resolve(from, to)),
  'files': () => [fileURLToPath('file:///a%20b/c'), pathToFileURL('/a b/#c?d%').href],
  'a URL that is no file': () => fileURLToPath('http://a/'),
  'domains': () => [domainToASCII('español.com'), domainToASCII('xn--iñvalid.com'), domainToUnicode('xn--espaol-zwa.com')],
  'URL is strict': () => new URL('nonsense'),
  'URL.canParse': () => [URL.canParse('http://a'), URL.canParse('a'), URL.canParse('a', 'http://b')],
  'URL parts': () => {
    const address = new URL('../x y?a=1&b=ü#h', 'https://u:p@example.com:444/a/b/');
    return ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'].map((key) => address[key]);
  },
  'URLSearchParams': () => {
    const params = new URLSearchParams('a=1&b=2&a=3+4');
    params.append('c', 'é&');
    params.delete('b');
    params.sort();
    return [params.toString(), params.getAll('a'), params.has('b'), params.get('x'), [...params], params.size];
  },
  'parse of no text': () => parse(5),
};
