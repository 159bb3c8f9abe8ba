// nango.uncontrolledFetch: a request to anywhere, without the connection's credentials, guarded by the host.
import { toText } from './intrinsics.js';
import { ActionError, callSite, locate } from './errors.js';
import { native } from './native.js';

/**
 * @typedef {object} Asked
 * @property {string | { href: string }} url a URL object, or its text
 * @property {string} [method]
 * @property {Record<string, string>} [headers]
 * @property {any} [body]
 */

/** What the host refuses a place with. @param {unknown} code */
const isRefusal = (code) => code === 'url_not_allowed' || code === 'too_many_redirects' || code === 'invalid_redirect';

/** @type {Record<string, Function>} the members of `nango` */
export const uncontrolledFetchMembers = {
  /**
   * @param {Asked} asked
   * @returns {Promise<any>} the `Response` that the global `fetch` gives, too
   * @throws {ActionError} where the place is refused: its payload is `{ code, message }`
   */
  uncontrolledFetch: async (asked) => {
    const site = callSite();
    const { url, method, headers, body } = asked ?? /** @type {any} */ ({});
    const href = typeof url === 'object' && url !== null ? toText(url.href) : toText(url);
    if (native.url(href, undefined) === null) throw refused(site, 'url_not_allowed', `${href} is not a URL`);
    try {
      return await native.builtin('bespoke:web').fetch(href, { method, headers, body });
    } catch (error) {
      // What happened is the cause of fetch's own error.
      const { code, message } = /** @type {any} */ (error)?.cause ?? {};
      throw isRefusal(code) ? refused(site, code, message) : error;
    }
  },
};

/**
 * @param {string} site where the function made the call
 * @param {string} code
 * @param {string} message
 * @returns {ActionError}
 */
function refused(site, code, message) {
  return locate(new ActionError({ code, message }), site);
}
