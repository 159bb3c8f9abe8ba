// The module `url` / `node:url`.
// The same classes as the globals, so that `instanceof` works across both.
const { URL, URLSearchParams } = /** @type {any} */ (globalThis);
export { URL, URLSearchParams };

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

export default { URL, URLSearchParams, urlToHttpOptions };
