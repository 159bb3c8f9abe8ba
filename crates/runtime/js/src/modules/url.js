// The module `url`: the classes of the standard, which are the globals, and Node's older functions as npm's `url` has them.
import legacy from 'url/';
import punycode from 'punycode';

const { URL, URLSearchParams } = /** @type {any} */ (globalThis);
const old = /** @type {any} */ (legacy);
export { URL, URLSearchParams };
export const { parse, resolve, resolveObject, Url } = old;

/**
 * @param {any} value a URL, its text, or the parts of one
 * @param {{ auth?: boolean, fragment?: boolean, search?: boolean, unicode?: boolean }} [options] of a URL: what to leave out
 * @returns {string}
 */
export function format(value, options) {
  if (!(value instanceof URL)) return old.format(value);
  const url = new URL(value.href);
  if (options?.fragment === false) url.hash = '';
  if (options?.search === false) url.search = '';
  if (options?.auth === false) {
    url.username = '';
    url.password = '';
  }
  return url.href;
}

/** @param {any} url @returns {string} */
export function fileURLToPath(url) {
  const { protocol, hostname, pathname } = typeof url === 'string' ? new URL(url) : url;
  if (protocol !== 'file:') throw Object.assign(new TypeError('The URL must be of scheme file'), { code: 'ERR_INVALID_URL_SCHEME' });
  if (hostname !== '') throw Object.assign(new TypeError('File URL host must be "localhost" or empty on linux'), { code: 'ERR_INVALID_FILE_URL_HOST' });
  if (/%2f/i.test(pathname)) throw Object.assign(new TypeError('File URL path must not include encoded / characters'), { code: 'ERR_INVALID_FILE_URL_PATH' });
  return decodeURIComponent(pathname);
}

/** @param {string} path @returns {any} a URL */
export function pathToFileURL(path) {
  const url = new URL('file:///');
  url.pathname = (path.startsWith('/') ? path : `/${path}`).replace(/%/g, '%25').replace(/\\/g, '%5C').replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/\t/g, '%09').replace(/\?/g, '%3F').replace(/#/g, '%23');
  return url;
}

/** @param {string} domain @returns {string} empty for what is no domain */
export function domainToASCII(domain) {
  return URL.canParse(`ws://${domain}`) ? new URL(`ws://${domain}`).hostname : '';
}

/** @param {string} domain @returns {string} */
export function domainToUnicode(domain) {
  return punycode.toUnicode(domainToASCII(domain));
}

/**
 * The parts of a URL as the options of Node's http.request.
 * @param {any} url
 * @returns {object}
 */
export function urlToHttpOptions(url) {
  const { protocol, hostname, hash, search, pathname, href, username, password, port } = url;
  const options = /** @type {any} */ ({
    protocol, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), hash, search, pathname, path: `${pathname}${search}`, href,
  });
  if (port !== '') options.port = Number(port);
  if (username !== '' || password !== '') options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

export default {
  domainToASCII, domainToUnicode, fileURLToPath, format, parse, pathToFileURL, resolve, resolveObject, Url, URL, URLSearchParams, urlToHttpOptions,
};
