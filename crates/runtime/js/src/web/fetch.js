// Request, Response and fetch of the Fetch standard. Requests go out through the server, which guards them like uncontrolledFetch.
import { Bytes, exactBuffer, jsonStringify } from '../intrinsics.js';
import { ask } from '../host.js';
import { callSite } from '../errors.js';
import { utf8 } from '../text.js';
import { AbortSignal } from './abort.js';
import { Body, contentOf, takeContent } from './body.js';
import { Headers } from './headers.js';
import { drain } from './streams.js';

const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH'];
const NO_BODY = [101, 103, 204, 205, 304];
const REDIRECTS = [301, 302, 303, 307, 308];

export class Request extends Body {
  /** @type {string} */
  #url;
  #method;
  /** @type {Headers} */
  #headers;
  /** @type {string} */
  #redirect;
  /** @type {any} */
  #signal;

  /**
   * @param {any} input a URL or another request
   * @param {any} [options]
   */
  constructor(input, options) {
    /** @type {any} */
    const init = options ?? {};
    /** @type {any} */
    const given = input instanceof Request ? input : undefined;
    const url = given === undefined ? new URL(String(input)) : new URL(given.url);
    if (url.username !== '' || url.password !== '') throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${input}`);
    const method = methodOf(init.method ?? given?.method ?? 'GET');
    const hasBody = init.body !== undefined && init.body !== null;
    if ((hasBody || (given?.body ?? null) !== null) && (method === 'GET' || method === 'HEAD')) {
      throw new TypeError('Request with GET/HEAD method cannot have body.');
    }
    const content = hasBody ? contentOf(init.body) : given === undefined ? null : takeContent(given, false);
    super(content);
    this.#url = url.href;
    this.#method = method;
    this.#headers = new Headers(init.headers ?? given?.headers);
    if (content?.type && !this.#headers.has('content-type')) this.#headers.set('content-type', content.type);
    this.#redirect = String(init.redirect ?? given?.redirect ?? 'follow');
    if (!['follow', 'error', 'manual'].includes(this.#redirect)) throw new TypeError(`There is no redirect mode ${this.#redirect}`);
    this.#signal = init.signal ?? given?.signal ?? null;
    if (this.#signal !== null && !(this.#signal instanceof AbortSignal)) throw new TypeError('The signal must be an AbortSignal');
  }

  get url() {
    return this.#url;
  }

  get method() {
    return this.#method;
  }

  get headers() {
    return this.#headers;
  }

  get redirect() {
    return this.#redirect;
  }

  get signal() {
    this.#signal ??= AbortSignal.any([]);
    return this.#signal;
  }

  get [Symbol.toStringTag]() {
    return 'Request';
  }

  /** @returns {Request} */
  clone() {
    const { method, headers, redirect } = this;
    const copy = new Request(this.#url, { method, headers, redirect, signal: this.#signal ?? undefined });
    const content = takeContent(this, true);
    return content === null ? copy : new Request(copy, { body: content.bytes ?? content.stream });
  }
}

export class Response extends Body {
  #status;
  #statusText;
  /** @type {Headers} */
  #headers;
  #meta = { url: '', redirected: false, type: 'default' };

  /**
   * @param {any} [body]
   * @param {{ status?: number, statusText?: string, headers?: any }} [init]
   */
  constructor(body, init = {}) {
    const status = init?.status === undefined ? 200 : Number(init.status);
    if (!(status >= 200 && status <= 599)) throw new RangeError(`init["status"] must be in the range of 200 to 599, inclusive.`);
    const content = contentOf(body);
    if (content !== null && NO_BODY.includes(status)) throw new TypeError(`Response with status ${status} cannot have body`);
    super(content);
    this.#status = status;
    this.#statusText = String(init?.statusText ?? '');
    this.#headers = new Headers(init?.headers);
    if (content?.type && !this.#headers.has('content-type')) this.#headers.set('content-type', content.type);
  }

  /** @param {any} data @param {any} [init] @returns {Response} */
  static json(data, init = {}) {
    const text = jsonStringify(data);
    if (text === undefined) throw new TypeError('The value is not JSON serializable');
    const headers = new Headers(init?.headers);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return new Response(utf8(text), { ...init, headers });
  }

  /** @returns {Response} */
  static error() {
    const response = new Response(null);
    response.#status = 0;
    response.#meta.type = 'error';
    return response;
  }

  /** @param {any} url @param {number} [status] @returns {Response} */
  static redirect(url, status = 302) {
    if (!REDIRECTS.includes(status)) throw new RangeError(`Invalid status code ${status}`);
    return new Response(null, { status, headers: { location: new URL(String(url)).href } });
  }

  /**
   * For fetch only.
   * @param {{ status: number, status_text?: string, url: string, headers: [string, string][] }} head
   * @param {ArrayBuffer | undefined} body
   * @param {string} asked the address that was asked for
   * @returns {Response}
   */
  static received(head, body, asked) {
    const response = new Response(NO_BODY.includes(head.status) ? null : new Bytes(/** @type {any} */ (body ?? 0)), { statusText: head.status_text, headers: head.headers });
    response.#status = head.status;
    response.#meta = { url: head.url, redirected: head.url !== asked, type: 'basic' };
    return response;
  }

  get status() {
    return this.#status;
  }

  get statusText() {
    return this.#statusText;
  }

  get ok() {
    return this.#status >= 200 && this.#status <= 299;
  }

  get headers() {
    return this.#headers;
  }

  get url() {
    return this.#meta.url;
  }

  get redirected() {
    return this.#meta.redirected;
  }

  get type() {
    return this.#meta.type;
  }

  get [Symbol.toStringTag]() {
    return 'Response';
  }

  /** @returns {Response} */
  clone() {
    const content = takeContent(this, true);
    const copy = new Response(content === null ? null : content.bytes ?? content.stream, { statusText: this.#statusText, headers: this.#headers });
    copy.#status = this.#status;
    copy.#meta = { ...this.#meta };
    return copy;
  }
}

const { received } = Response;
Reflect.deleteProperty(Response, 'received');

/** @param {unknown} method @returns {string} */
function methodOf(method) {
  const text = String(method);
  const upper = text.toUpperCase();
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text) || ['CONNECT', 'TRACE', 'TRACK'].includes(upper)) {
    throw new TypeError(`'${text}' is not a valid HTTP method.`);
  }
  return METHODS.includes(upper) && upper !== 'PATCH' ? upper : text;
}

/**
 * @param {any} input
 * @param {any} [init]
 * @returns {Promise<Response>}
 */
export async function fetch(input, init) {
  const site = callSite();
  const request = new Request(input, init);
  const signal = init?.signal ?? (input instanceof Request ? input.signal : null);
  signal?.throwIfAborted();
  const content = takeContent(request, false);
  const bytes = content === null ? undefined : content.bytes ?? (await drain(content.stream));
  const { url, method, headers, redirect } = request;
  const asked = ask('uncontrolled_fetch', { url, method, headers: [...headers], redirect }, bytes && exactBuffer(bytes), site);
  try {
    const { head, body } = await unlessAborted(asked, signal);
    return received(head, body, url);
  } catch (error) {
    if (signal?.aborted) throw error;
    // The shape that callers of fetch look for; what happened is the cause.
    throw Object.assign(new TypeError('fetch failed', { cause: error }), { stack: /** @type {Error} */ (error).stack });
  }
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal | null} signal
 * @returns {Promise<T>}
 */
function unlessAborted(promise, signal) {
  if (signal === null) return promise;
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
