// From anything a function threw to the failure that is stored and sent to the caller.
import {
  arrayJoin, arraySlice, bytesOf, exactBuffer, isArray, jsonParse, jsonStringify, objectAssign, objectCreate, objectKeys,
  stringIndexOf, stringSlice, stringSplit, stringStartsWith, stringTrim, toText,
} from './intrinsics.js';
import { AxiosError, SdkError } from './errors.js';
import { isError, plainJson, read } from './json.js';
import { native } from './native.js';

/**
 * @typedef {object} Failure
 * @property {string} code
 * @property {number} status the HTTP status of the caller's answer
 * @property {string} message
 * @property {any} payload
 * @property {any} [upstream] the provider's answer, if that was the cause
 * @property {string} [stack]
 */

/** Answers whose HTTP status is not 500. @type {Record<string, number>} */
const STATUS = objectAssign(objectCreate(null), {
  script_aborted: 410, script_http_error: 424, script_api_rate_limit_error: 424, script_output_too_large: 400,
  invalid_action_input: 400, invalid_action_output: 400, invalid_sync_record: 400,
});
const STACK_LINES = 10;
const MESSAGE_LIMIT = 10_000;

/**
 * Never throws, whatever it is given.
 * @param {unknown} error
 * @returns {Failure}
 */
export function describe(error) {
  try {
    return classify(error);
  } catch {
    return failure('script_internal_error', 'The function threw something that cannot be described.', {}, undefined);
  }
}

/**
 * @param {any} error
 * @returns {Failure}
 */
function classify(error) {
  const stack = stackOf(error);
  if (SdkError.is(error)) {
    return failure(toText(error.code), toText(error.message), error.payload === undefined ? {} : plainJson(error.payload), stack);
  }
  const isObject = (typeof error === 'object' && error !== null) || typeof error === 'function';
  if (isObject && read(error, 'type') === 'action_script_runtime_error') {
    const payload = asObject(plainJson(read(error, 'payload')));
    return failure('action_script_runtime_error', text(read(payload, 'message')) || text(read(error, 'message')), payload, stack);
  }
  if (isObject && read(error, 'isAxiosError') === true) return requestFailure(error, stack);
  const message = isObject ? text(read(error, 'message')) || (isError(error) ? '' : toText(jsonStringify(plainJson(error)))) : text(error);
  if (isObject && read(error, 'name') === 'InternalError' && message === 'out of memory') {
    return failure('function_runtime_out_of_memory', 'The function ran out of memory.', {}, undefined);
  }
  return failure('script_internal_error', message, errorPayload(error, isObject, message, stack), stack);
}

/**
 * @param {any} error
 * @param {string | undefined} stack
 * @returns {Failure}
 */
function requestFailure(error, stack) {
  const message = text(read(error, 'message'));
  const response = read(error, 'response');
  if (typeof response !== 'object' || response === null) {
    const payload = /** @type {any} */ (errorPayload(error, true, message, stack));
    const call = AxiosError.callOf(error);
    if (call !== undefined) payload.request = plainJson(call);
    return failure('script_network_error', message, payload, stack);
  }
  const body = bodyOf(read(response, 'data'));
  const inner = typeof body === 'object' && body !== null ? (body.payload ?? body) : body;
  const payload = inner === '' || inner === null ? { message } : asObject(inner);
  const described = failure('script_http_error', message, payload, stack);
  described.upstream = { status: read(response, 'status'), headers: tellingHeaders(read(response, 'headers')), body, ...AxiosError.callOf(error) };
  return described;
}

/**
 * @param {any} data
 * @returns {any}
 */
function bodyOf(data) {
  const bytes = bytesOf(data);
  if (bytes === undefined) return plainJson(data);
  const decoded = native.decode('utf-8', exactBuffer(bytes), false, false);
  try {
    return plainJson(jsonParse(decoded));
  } catch {
    return plainJson(decoded);
  }
}

/**
 * The headers worth storing: the content's type and the provider's rate limits.
 * @param {any} headers
 * @returns {Record<string, string>}
 */
function tellingHeaders(headers) {
  const telling = /** @type {Record<string, string>} */ ({});
  if (typeof headers !== 'object' || headers === null) return telling;
  const names = objectKeys(headers);
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index];
    if (name === 'content-type' || name === 'retry-after' || stringStartsWith(name, 'x-rate')) telling[name] = text(headers[name]);
  }
  return telling;
}

/**
 * @param {any} error
 * @param {boolean} isObject
 * @param {string} message
 * @param {string | undefined} stack
 * @returns {object}
 */
function errorPayload(error, isObject, message, stack) {
  const name = isObject ? text(read(error, 'name')) || 'Error' : 'Error';
  const payload = /** @type {any} */ ({ name, message });
  const code = isObject ? read(error, 'code') : undefined;
  if (typeof code === 'string' || typeof code === 'number') payload.code = code;
  if (stack !== undefined && stack !== '') payload.stacktrace = arraySlice(stringSplit(stack, '\n'), 0, STACK_LINES);
  return payload;
}

/**
 * The stack without the runtime's own frames.
 * @param {any} error
 * @returns {string | undefined}
 */
function stackOf(error) {
  const raw = typeof error === 'object' && error !== null ? read(error, 'stack') : undefined;
  if (typeof raw !== 'string') return undefined;
  const lines = stringSplit(stringSlice(raw, 0, MESSAGE_LIMIT), '\n');
  const kept = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = stringTrim(lines[index]);
    const isOurs = stringIndexOf(line, 'bespoke:') !== -1;
    const isBuiltIn = stringIndexOf(line, '(native)') !== -1 || stringIndexOf(line, '(<anonymous>)') !== -1;
    if (line !== '' && !isOurs && !isBuiltIn) kept[kept.length] = line;
  }
  return arrayJoin(kept, '\n');
}

/**
 * @param {string} code
 * @param {string} message
 * @param {any} payload
 * @param {string | undefined} stack
 * @returns {Failure}
 */
function failure(code, message, payload, stack) {
  // No prototype: an `Object.prototype.toJSON` set by the function must not change the report.
  return /** @type {any} */ ({
    __proto__: null, code, status: STATUS[code] ?? 500, message: stringSlice(message, 0, MESSAGE_LIMIT), payload, stack,
  });
}

/**
 * @param {any} value
 * @returns {any}
 */
function asObject(value) {
  if (value === null || value === undefined) return {};
  return typeof value === 'object' || isArray(value) ? value : { message: value };
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function text(value) {
  if (value === undefined || value === null) return '';
  try {
    return typeof value === 'object' ? toText(read(value, 'message') ?? '[object]') : toText(value);
  } catch {
    return '';
  }
}
