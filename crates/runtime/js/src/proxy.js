// nango.proxy, get, post, put, patch and delete: requests to the provider's API in the shape of axios.
import {
  arrayJoin, DateClass, dateToIso, floor, hasOwn, isArray, isInteger, jsonStringify, lowerCase, max, min, objectCreate, objectKeys,
  stringIndexOf, toBoolean, toNumber, toText, upperCase,
} from './intrinsics.js';
import { decodeBody, encodeBody } from './body.js';
import { AxiosError, callSite, locate, SdkError } from './errors.js';
import { ask } from './host.js';
import { noteTemplates } from './noting.js';
import { isSearchParams } from './url.js';

/**
 * @typedef {import('./run.js').Run} Run
 *
 * @typedef {object} ProxyConfig
 * @property {string} [endpoint]
 * @property {string} [method]
 * @property {Record<string, any>} [headers]
 * @property {string | Record<string, any>} [params]
 * @property {any} [data]
 * @property {number} [retries]
 * @property {number[]} [retryOn]
 * @property {{ at?: string | string[], after?: string | string[] }} [retryHeader]
 * @property {string} [baseUrlOverride]
 * @property {string} [responseType]
 * @property {boolean | string} [decompress]
 * @property {boolean} [forwardHeadersOnRedirect]
 * @property {string} [providerConfigKey]
 * @property {string} [connectionId]
 *
 * @typedef {object} Response
 * @property {any} data
 * @property {number} status
 * @property {string} statusText
 * @property {Record<string, any>} headers
 * @property {object} config
 * @property {object} request
 */

/** More than anyone means; keeps the number small enough for the other side. */
const MOST_RETRIES = 1_000;

/** Names of failures without an answer, such as ECONNRESET; the host's own refusals are in lower case. */
const isNetworkCode = (/** @type {string} */ code) => code !== '' && code[0] >= 'A' && code[0] <= 'Z';

/** Response headers: plain properties in lower case, and the reading methods of axios' headers. */
class ResponseHeaders {
  /** @param {string} name @returns {any} */
  get(name) {
    const key = lowerCase(toText(name));
    return hasOwn(this, key) ? /** @type {any} */ (this)[key] : undefined;
  }

  /** @param {string} name @returns {boolean} */
  has(name) {
    return hasOwn(this, lowerCase(toText(name)));
  }

  /** @returns {object} */
  toJSON() {
    return { ...this };
  }
}

/**
 * @param {Run} run
 * @returns {Record<string, (config: ProxyConfig) => Promise<Response>>} the members of `nango`
 */
export function proxyMembers(run) {
  const withMethod = (/** @type {string} */ method) => (/** @type {ProxyConfig} */ config) => request(run, { ...config, method });
  return {
    proxy: (config) => request(run, config),
    get: withMethod('GET'),
    post: withMethod('POST'),
    put: withMethod('PUT'),
    patch: withMethod('PATCH'),
    delete: withMethod('DELETE'),
  };
}

/**
 * @param {Run} run
 * @param {ProxyConfig} config
 * @returns {Promise<Response>}
 * @throws {AxiosError} for an answer outside of 2xx, and when there was none
 * @throws {SdkError} when the request is not allowed or cannot be made
 */
export async function request(run, config) {
  const site = callSite();
  if (typeof config !== 'object' || config === null) throw new SdkError('invalid_proxy_config', 'The request needs a configuration object');
  const { endpoint, baseUrlOverride, params, retryHeader } = config;
  if (!endpoint && !baseUrlOverride) throw new SdkError('missing_api_url', 'The request needs an endpoint or a baseUrlOverride');
  const query = queryOf(params);
  if (typeof query === 'string' && query !== '' && stringIndexOf(toText(endpoint), '?') !== -1) {
    throw new SdkError('invalid_query_params', 'params must be an object when the endpoint already has a query');
  }
  const method = upperCase(toText(config.method ?? 'GET'));
  const headers = headersOf(config.headers);
  const body = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
    ? undefined
    : encodeBody(config.data, headers['content-type'] ?? run.context.content_type ?? undefined);
  if (body?.contentType !== undefined) headers['content-type'] = body.contentType;
  if (!config.providerConfigKey && !config.connectionId) {
    noteTemplates(toText(endpoint ?? ''));
    noteTemplates(toText(baseUrlOverride ?? ''));
    const names = objectKeys(headers);
    for (let index = 0; index < names.length; index += 1) noteTemplates(headers[names[index]]);
  }

  const shown = {
    url: toText(endpoint ?? ''), method: lowerCase(method), baseURL: baseUrlOverride, headers, params, data: config.data,
    responseType: config.responseType,
  };
  let reply;
  try {
    reply = await ask('http', {
      method,
      endpoint: toText(endpoint ?? ''),
      headers: pairsOf(headers, config.headers),
      params: query,
      retries: min(max(0, floor(toNumber(config.retries ?? 0) || 0)), MOST_RETRIES),
      retry_on: statusesOf(config.retryOn),
      retry_header: retryHeader ? { at: listOf(retryHeader.at), after: listOf(retryHeader.after) } : undefined,
      base_url_override: baseUrlOverride ? toText(baseUrlOverride) : undefined,
      decompress: config.decompress === undefined ? undefined : config.decompress === true || config.decompress === 'true',
      forward_headers_on_redirect: config.forwardHeadersOnRedirect === undefined ? undefined : toBoolean(config.forwardHeadersOnRedirect),
      provider_config_key: config.providerConfigKey ? toText(config.providerConfigKey) : undefined,
      connection_id: config.connectionId ? toText(config.connectionId) : undefined,
    }, body?.content, site);
  } catch (error) {
    if (!SdkError.is(error) || !isNetworkCode(error.code)) throw error;
    const failed = new AxiosError(error.message, error.code, shown, { method, path: shown.url });
    throw locate(AxiosError.about(failed, /** @type {any} */ (error.payload)), site);
  }

  const { head } = reply;
  const answered = responseHeaders(head.headers);
  const response = {
    data: decodeBody(reply.body, config.responseType, textOf(answered['content-type'])),
    status: head.status,
    statusText: head.status_text ?? '',
    headers: answered,
    config: { ...shown, url: head.url ?? shown.url },
    request: { method, path: shown.url, responseURL: head.url, res: { responseUrl: head.url } },
  };
  // A recorded run may have seen every answer as a success.
  if ((head.status >= 200 && head.status < 300) || head.is_success === true) return response;
  if (head.status === 401) run.forgetConnections();
  const code = head.status >= 400 && head.status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE';
  const failed = new AxiosError(`Request failed with status code ${head.status}`, code, response.config, response.request, response);
  throw locate(AxiosError.about(failed, { method, url: head.shown_url }), site);
}

/**
 * @param {any} params
 * @returns {string | Record<string, string> | undefined}
 */
function queryOf(params) {
  if (params === undefined || params === null || typeof params === 'string') return params ?? undefined;
  if (isSearchParams(params)) return `${params}`;
  const query = /** @type {Record<string, string>} */ (objectCreate(null));
  const names = objectKeys(params);
  for (let index = 0; index < names.length; index += 1) {
    const value = params[names[index]];
    if (value !== undefined && value !== null) query[names[index]] = queryValue(value);
  }
  return query;
}

/**
 * @param {any} value
 * @returns {string}
 */
function queryValue(value) {
  if (isArray(value)) return arrayJoin(value, ',');
  if (value instanceof DateClass) return dateToIso(value);
  return typeof value === 'object' ? jsonStringify(value) : toText(value);
}

/**
 * @param {any} given
 * @returns {Record<string, string>} names in lower case
 */
function headersOf(given) {
  const headers = /** @type {Record<string, string>} */ (objectCreate(null));
  if (typeof given !== 'object' || given === null) return headers;
  const names = objectKeys(given);
  for (let index = 0; index < names.length; index += 1) {
    const value = given[names[index]];
    if (value !== undefined && value !== null) headers[lowerCase(names[index])] = toText(value);
  }
  return headers;
}

/**
 * @param {Record<string, string>} headers names in lower case
 * @param {any} given what the function gave: its spelling is kept, because recordings know requests by it
 * @returns {[string, string][]}
 */
function pairsOf(headers, given) {
  const spelled = /** @type {Record<string, string>} */ (objectCreate(null));
  if (typeof given === 'object' && given !== null) {
    const names = objectKeys(given);
    for (let index = 0; index < names.length; index += 1) spelled[lowerCase(names[index])] = names[index];
  }
  const names = objectKeys(headers);
  const pairs = /** @type {[string, string][]} */ ([]);
  for (let index = 0; index < names.length; index += 1) pairs[index] = [spelled[names[index]] ?? names[index], headers[names[index]]];
  return pairs;
}

/**
 * @param {any} given
 * @returns {number[] | undefined} what can be an HTTP status
 */
function statusesOf(given) {
  if (!isArray(given)) return undefined;
  const statuses = /** @type {number[]} */ ([]);
  for (let index = 0; index < given.length; index += 1) {
    const status = toNumber(given[index]);
    if (isInteger(status) && status >= 100 && status < 600) statuses[statuses.length] = status;
  }
  return statuses;
}

/**
 * @param {[string, string][]} pairs
 * @returns {Record<string, any>} repeated headers joined by a comma; set-cookie is always a list
 */
function responseHeaders(pairs) {
  const headers = /** @type {Record<string, any>} */ (new ResponseHeaders());
  for (let index = 0; index < (pairs?.length ?? 0); index += 1) {
    const name = lowerCase(pairs[index][0]);
    const value = pairs[index][1];
    if (name === 'set-cookie') headers[name] = hasOwn(headers, name) ? [...headers[name], value] : [value];
    else headers[name] = hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}

/**
 * @param {unknown} names
 * @returns {unknown[] | undefined}
 */
function listOf(names) {
  if (names === undefined || names === null) return undefined;
  return isArray(names) ? names : [names];
}

/**
 * @param {unknown} value
 * @returns {string | undefined}
 */
function textOf(value) {
  return typeof value === 'string' ? value : undefined;
}
