// Request and response bodies, with the conversions that axios makes because functions are written for them.
import {
  ArrayBufferClass, arrayPush, Bytes, bytesOf, DateClass, dateToIso, ErrorClass, exactBuffer, isArray, jsonParse, jsonStringify,
  lowerCase, objectKeys, regExec, stringIndexOf, stringReplaceAll, stringTrim, toText,
} from './intrinsics.js';
import { bufferClass, native } from './native.js';
import { isSearchParams } from './url.js';
import { URLSearchParams } from './search_params.js';
import { join, toHex, utf8 } from './text.js';

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/**
 * @typedef {object} RequestBody
 * @property {ArrayBuffer | string} content
 * @property {string | undefined} contentType the type to send; undefined leaves the one that is set
 */

/**
 * @param {any} data what the function gave
 * @param {string | undefined} contentType the type that the function or the provider set
 * @returns {RequestBody | undefined} undefined when there is nothing to send
 */
export function encodeBody(data, contentType) {
  if (!data) return undefined;
  const type = lowerCase(contentType ?? '');
  const bytes = bytesOf(data);
  if (bytes !== undefined) return { content: exactBuffer(bytes), contentType: undefined };
  if (isSearchParams(data)) return { content: `${data}`, contentType: contentType === undefined ? `${FORM_TYPE};charset=utf-8` : undefined };
  if (typeof data === 'object') {
    if (stringIndexOf(type, 'multipart/form-data') !== -1) return multipart(data);
    if (stringIndexOf(type, FORM_TYPE) !== -1) return { content: formText(data), contentType: undefined };
    return json(jsonStringify(data), contentType);
  }
  if (stringIndexOf(type, JSON_TYPE) !== -1) return json(typeof data === 'string' ? jsonText(data) : jsonStringify(data), contentType);
  if (typeof data === 'string') return { content: data, contentType: contentType === undefined ? FORM_TYPE : undefined };
  return json(jsonStringify(data), contentType);
}

/**
 * @param {string | undefined} content
 * @param {string | undefined} contentType
 * @returns {RequestBody | undefined}
 */
function json(content, contentType) {
  return content === undefined ? undefined : { content, contentType: contentType === undefined ? JSON_TYPE : undefined };
}

/**
 * Text sent as JSON goes out as it is when it already is JSON, otherwise as a JSON string.
 * @param {string} text
 * @returns {string}
 */
function jsonText(text) {
  try {
    jsonParse(text);
    return stringTrim(text);
  } catch {
    return jsonStringify(text);
  }
}

/**
 * An object as a form; nested objects and lists use brackets: `a[b]=1&c[]=2`.
 * @param {any} data
 * @returns {string}
 */
function formText(data) {
  const form = new URLSearchParams();
  eachField(data, (name, value) => form.append(name, value instanceof Bytes ? native.decode('utf-8', exactBuffer(value), false, false) : value));
  return `${form}`;
}

/**
 * @param {any} data
 * @returns {RequestBody}
 */
function multipart(data) {
  const boundary = `bespoke-${toHex(new Bytes(native.randomBytes(16)))}`;
  /** @type {Uint8Array[]} */
  const parts = [];
  eachField(data, (name, value) => {
    const label = stringReplaceAll(stringReplaceAll(stringReplaceAll(name, '"', '%22'), '\r', '%0D'), '\n', '%0A');
    const file = typeof value === 'string' ? '' : `; filename="${label}"\r\nContent-Type: application/octet-stream`;
    arrayPush(parts, utf8(`--${boundary}\r\nContent-Disposition: form-data; name="${label}"${file}\r\n\r\n`));
    arrayPush(parts, typeof value === 'string' ? utf8(value) : value, utf8('\r\n'));
  });
  arrayPush(parts, utf8(`--${boundary}--\r\n`));
  return { content: join(parts).buffer, contentType: `multipart/form-data; boundary=${boundary}` };
}

/**
 * @param {any} data
 * @param {(name: string, value: string | Uint8Array) => void} add
 */
function eachField(data, add) {
  const above = /** @type {unknown[]} */ ([]);
  visit(data, '');

  /**
   * @param {any} value
   * @param {string} name
   */
  function visit(value, name) {
    if (value === undefined || value === null) return;
    const bytes = bytesOf(value);
    if (bytes !== undefined) add(name, bytes);
    else if (value instanceof DateClass) add(name, dateToIso(value));
    else if (typeof value !== 'object') add(name, toText(value));
    else {
      for (let index = 0; index < above.length; index += 1) if (above[index] === value) throw new ErrorClass('The form data contains itself');
      arrayPush(above, value);
      const keys = objectKeys(value);
      for (let index = 0; index < keys.length; index += 1) {
        const inner = value[keys[index]];
        const isList = isArray(value) && (typeof inner !== 'object' || inner === null || bytesOf(inner) !== undefined);
        visit(inner, name === '' ? keys[index] : `${name}[${isList ? '' : keys[index]}]`);
      }
      above.length -= 1;
    }
  }
}

/**
 * @param {ArrayBuffer | undefined} body
 * @param {unknown} responseType what the function asked for
 * @param {string | undefined} contentType
 * @returns {any} `Buffer` for binary types, otherwise parsed JSON where it is JSON, else text
 */
export function decodeBody(body, responseType, contentType) {
  if (responseType === 'arraybuffer' || responseType === 'blob' || responseType === 'stream') {
    return bufferClass().from(body ?? new ArrayBufferClass(0));
  }
  if (body === undefined || body.byteLength === 0) return '';
  if (responseType !== 'text' && responseType !== 'document') {
    try {
      return native.parseJson(body);
    } catch {
      // Not JSON, whatever its type says: the text, as axios does.
    }
  }
  return text(body, contentType);
}

/**
 * @param {ArrayBuffer} body
 * @param {string | undefined} contentType
 * @returns {string}
 */
function text(body, contentType) {
  const charset = contentType === undefined ? null : regExec(/charset\s*=\s*"?([^\s;"]+)/i, contentType);
  if (charset !== null) {
    try {
      return native.decode(charset[1], body, false, false);
    } catch {
      // A charset nobody knows: UTF-8 is the best guess.
    }
  }
  return native.decode('utf-8', body, false, false);
}
