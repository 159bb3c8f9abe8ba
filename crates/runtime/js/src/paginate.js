// nango.paginate: cursor, link and offset pagination.
import get from 'es-toolkit/compat/get';
import set from 'es-toolkit/compat/set';
import {
  ErrorClass, getPrototypeOf, isArray, lowerCase, objectKeys, regExec, stringIndexOf, stringSlice, stringSplit, stringStartsWith,
  stringTrim, toBoolean, toNumber, toText, upperCase,
} from './intrinsics.js';
import { write } from './log.js';
import { request } from './proxy.js';
import { URL } from './url.js';

/**
 * @typedef {import('./run.js').Run} Run
 * @typedef {import('./proxy.js').ProxyConfig} ProxyConfig
 * @typedef {import('./proxy.js').Response} Response
 *
 * @typedef {object} Pagination
 * @property {string} [type]
 * @property {number} [limit]
 * @property {string} [limit_name_in_request]
 * @property {string} [response_path]
 * @property {boolean} [in_body]
 * @property {(state: { nextPageParam?: string | number, response: Response }) => unknown} [on_page]
 * @property {string} [cursor_name_in_request]
 * @property {string} [cursor_path_in_response]
 * @property {string} [link_rel_in_response_header]
 * @property {string} [link_path_in_response_body]
 * @property {string} [offset_name_in_request]
 * @property {number} [offset_start_value]
 * @property {string} [offset_calculation_method]
 */

/**
 * @param {Run} run
 * @returns {Record<string, Function>} the members of `nango`
 */
export function paginateMembers(run) {
  return { paginate: (/** @type {any} */ config) => paginate(run, config) };
}

/**
 * The pages of a list, one array per request. The provider's own pagination is the default; what the function says wins.
 * @param {Run} run
 * @param {ProxyConfig & { paginate?: Pagination }} config is not changed
 * @returns {AsyncGenerator<any, void, undefined>}
 */
async function* paginate(run, config) {
  if (typeof config !== 'object' || config === null) throw new ErrorClass('paginate needs a configuration object');
  const provided = run.context.paginate;
  const rules = /** @type {Pagination} */ ({ ...provided, ...config.paginate });
  if (!rules.type) {
    throw new ErrorClass(`Pagination is not configured: the provider "${run.context.provider}" has no default, so paginate needs a type`);
  }
  const type = lowerCase(toText(rules.type));
  if (type === 'cursor') yield* byCursor(run, config, rules);
  else if (type === 'link') yield* byLink(run, config, rules);
  else if (type === 'offset') yield* byOffset(run, config, rules);
  else throw new ErrorClass(`Pagination type "${rules.type}" is not supported. Use "cursor", "link" or "offset"`);
}

/**
 * @param {Run} run
 * @param {ProxyConfig} config
 * @param {Pagination} rules
 */
async function* byCursor(run, config, rules) {
  const name = required(rules, 'cursor_name_in_request');
  const path = required(rules, 'cursor_path_in_response');
  if (rules.limit) required(rules, 'limit_name_in_request');
  const page = new PageRequest(run, config, rules);
  while (true) {
    const response = await page.send();
    const items = itemsOf(response, rules);
    if (!hasItems(items, rules)) return;
    yield items;
    const next = nextCursor(get(response.data, path));
    await rules.on_page?.({ nextPageParam: next, response });
    if (next === undefined) return;
    page.set(name, next);
  }
}

/**
 * @param {unknown} value
 * @returns {string | number | undefined}
 */
function nextCursor(value) {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const trimmed = stringTrim(value);
  return trimmed === '' ? undefined : trimmed;
}

/**
 * @param {Run} run
 * @param {ProxyConfig} config
 * @param {Pagination} rules
 */
async function* byLink(run, config, rules) {
  const { link_rel_in_response_header: rel, link_path_in_response_body: path } = rules;
  if (!rel && !path) throw missing('link_rel_in_response_header or link_path_in_response_body');
  const page = new PageRequest(run, config, rules);
  let previous;
  while (true) {
    const response = await page.send();
    yield itemsOf(response, rules) ?? [];
    const inHeader = rel ? linkWithRelation(response.headers.link, rel) : undefined;
    const next = inHeader ?? (path ? get(response.data, path) : undefined);
    await rules.on_page?.({ nextPageParam: next, response });
    if (typeof next !== 'string' || next === '' || next === previous) return;
    previous = next;
    page.follow(next);
  }
}

/**
 * @param {Run} run
 * @param {ProxyConfig} config
 * @param {Pagination} rules
 */
async function* byOffset(run, config, rules) {
  const name = required(rules, 'offset_name_in_request');
  const perPage = rules.offset_calculation_method === 'per-page';
  const page = new PageRequest(run, config, rules);
  let offset = toNumber(rules.offset_start_value ?? 0) || 0;
  while (true) {
    page.set(name, page.inBody ? offset : toText(offset));
    const response = await page.send();
    const items = itemsOf(response, rules);
    if (!hasItems(items, rules)) return;
    yield items;
    if (rules.limit && items.length < rules.limit) return;
    await rules.on_page?.({ nextPageParam: offset, response });
    offset += perPage ? 1 : items.length;
  }
}

/** The request for the current page. */
class PageRequest {
  /**
   * @param {Run} run
   * @param {ProxyConfig} config
   * @param {Pagination} rules
   */
  constructor(run, config, rules) {
    const method = upperCase(toText(config.method ?? 'GET'));
    this.run = run;
    this.inBody = rules.in_body === true || method === 'POST' || method === 'PUT' || method === 'PATCH';
    this.config = { ...config, method };
    if (this.inBody) this.config.data = copyOf(config.data);
    else this.config.params = paramsOf(config.params);
    if (rules.limit && rules.limit_name_in_request) this.set(rules.limit_name_in_request, rules.limit);
  }

  /**
   * @param {string} name dots in it mean nested objects when it goes into the body
   * @param {string | number} value
   */
  set(name, value) {
    if (this.inBody) set(this.config.data, name, value);
    else /** @type {Record<string, any>} */ (this.config.params)[name] = value;
  }

  /** @returns {Promise<Response>} */
  send() {
    return request(this.run, this.config);
  }

  /**
   * Goes to the next page's address, which carries its own query.
   * @param {string} link
   */
  follow(link) {
    delete this.config.params;
    if (URL.canParse(link)) {
      const url = new URL(link);
      this.config.baseUrlOverride = url.origin;
      this.config.endpoint = url.pathname + url.search;
    } else if (stringStartsWith(link, '?')) {
      this.config.endpoint = stringSplit(toText(this.config.endpoint ?? ''), '?')[0] + link;
    } else this.config.endpoint = link;
  }
}

/**
 * @param {Response} response
 * @param {Pagination} rules
 * @returns {any}
 */
function itemsOf(response, rules) {
  return rules.response_path ? get(response.data, rules.response_path) : response.data;
}

/**
 * @param {any} items
 * @param {Pagination} rules
 * @returns {boolean} false ends the pagination
 */
function hasItems(items, rules) {
  if (typeof items === 'object' && items !== null && !isArray(items) && objectKeys(items).length > 0) {
    const where = rules.response_path ? `at "${rules.response_path}"` : 'as the whole response (is response_path missing?)';
    write('warn', `paginate found an object instead of a list ${where} and stopped`);
  }
  return toBoolean(items) && items.length > 0;
}

/**
 * @param {Pagination} rules
 * @param {keyof Pagination} key
 * @returns {string}
 */
function required(rules, key) {
  const value = rules[key];
  if (typeof value !== 'string' || value === '') throw missing(key);
  return value;
}

/**
 * @param {string} what
 * @returns {Error}
 */
function missing(what) {
  return new ErrorClass(`The pagination configuration needs ${what}`);
}

/**
 * @param {any} params
 * @returns {Record<string, any>}
 */
function paramsOf(params) {
  if (typeof params !== 'string') return { ...params };
  const given = /** @type {Record<string, any>} */ ({});
  const query = new URL(`http://localhost/?${params[0] === '?' ? stringSlice(params, 1) : params}`).searchParams;
  query.forEach((value, name) => {
    given[name] = value;
  });
  return given;
}

/**
 * A copy of plain objects and lists, so that page parameters never end up in the function's own data.
 * @param {any} data
 * @returns {any}
 */
function copyOf(data) {
  if (data === undefined || data === null || data === '') return {};
  return copyPlain(data);
}

/**
 * @param {any} value
 * @returns {any}
 */
function copyPlain(value) {
  if (typeof value !== 'object' || value === null) return value;
  const prototype = getPrototypeOf(value);
  if (!isArray(value) && prototype !== null && getPrototypeOf(prototype) !== null) return value;
  const copy = /** @type {any} */ (isArray(value) ? [] : {});
  const keys = objectKeys(value);
  for (let index = 0; index < keys.length; index += 1) copy[keys[index]] = copyPlain(value[keys[index]]);
  return copy;
}

const LINK = /<([^>]*)>((?:[^,"]|"[^"]*")*)/g;
const RELATION = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i;

/**
 * Finds a target in a Link header (RFC 8288).
 * @param {unknown} header
 * @param {string} relation
 * @returns {string | undefined}
 */
function linkWithRelation(header, relation) {
  if (typeof header !== 'string') return undefined;
  LINK.lastIndex = 0;
  for (let link = regExec(LINK, header); link !== null; link = regExec(LINK, header)) {
    const found = regExec(RELATION, link[2]);
    if (found !== null && stringIndexOf(` ${found[1] ?? found[2]} `, ` ${relation} `) !== -1) return link[1];
  }
  return undefined;
}
