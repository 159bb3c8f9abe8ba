// The runtime's JavaScript side, seen from Rust: `install` once per engine, `start` once per run, `describe` for a failed one.
import { performance, startClock, stopClock, unwatchClocks, watchClocks } from './clocks.js';
import { apply, defineProperty, ErrorClass, jsonParse, jsonStringify, PromiseClass, promiseThen, toText, TypeErrorClass } from './intrinsics.js';
import { configure } from './configuration.js';
import { createConsole } from './console.js';
import { describe } from './describe.js';
import { setThreshold } from './log.js';
import { createNango } from './nango.js';
import { bufferClass, native, setNative } from './native.js';
import { Run } from './run.js';
import { URLSearchParams } from './search_params.js';
import { atob, btoa, TextDecoder, TextEncoder } from './text.js';
import * as timers from './timers.js';
import { URL } from './url.js';

export { describe, stopClock, unwatchClocks, watchClocks };

/**
 * Sets the globals. To be called once per engine, before any user code.
 * @param {import('./native.js').Native} given
 */
export function install(given) {
  setNative(given);
  const { setUncaughtHandler, ...timerFunctions } = timers;
  const globals = /** @type {Record<string, unknown>} */ ({
    console: createConsole(),
    ...timerFunctions,
    queueMicrotask: (/** @type {() => void} */ callback) => {
      if (typeof callback !== 'function') throw new TypeErrorClass('The callback must be a function');
      promiseThen(promiseThen(PromiseClass.resolve(), () => callback()), undefined, (/** @type {unknown} */ error) => onUncaught(error));
    },
    URL, URLSearchParams, TextEncoder, TextDecoder, atob, btoa,
    performance,
    global: globalThis,
  });
  for (const name of Object.keys(globals)) define(name, { value: globals[name], writable: true });
  // A hook set here would be handed the functions of every frame on the stack, ours included.
  defineProperty(Error, 'prepareStackTrace', { get: () => undefined, set: () => {}, enumerable: false, configurable: false });
  // The engine's own would draw the same numbers in every run, all of which start from one image.
  define('random', { value: function random() { return native.random(); }, writable: true }, Math);
  // `util.promisify` finds what to use instead of a function here.
  defineProperty(timers.setTimeout, Symbol.for('nodejs.util.promisify.custom'), { get: () => native.builtin('timers/promises').setTimeout });
  lazily('Buffer', bufferClass);
  lazily('crypto', () => native.builtin('crypto').webcrypto);
  lazily('process', () => native.builtin('process').default);
  lazily('Intl', () => intl().Intl);
  localize();
  for (let index = 0; index < WEB.length; index += 1) lazily(WEB[index], () => native.builtin('bespoke:web')[WEB[index]]);
  for (let index = 0; index < STREAMS.length; index += 1) lazily(STREAMS[index], () => native.builtin('bespoke:streams')[STREAMS[index]]);
}

const intl = () => native.builtin('bespoke:intl');

/** The methods that know languages and time zones; their module is loaded when one is first called. */
function localize() {
  const { valueOf: numberOf } = Number.prototype;
  const { valueOf: bigOf } = BigInt.prototype;
  method(Number.prototype, 'toLocaleString', (self, locales, options) => intl().numberToLocale(apply(numberOf, self, []), locales, options));
  method(BigInt.prototype, 'toLocaleString', (self, locales, options) => intl().numberToLocale(apply(bigOf, self, []), locales, options));
  method(Date.prototype, 'toLocaleString', (self, locales, options) => intl().dateToLocale(self, locales, options, 'any'));
  method(Date.prototype, 'toLocaleDateString', (self, locales, options) => intl().dateToLocale(self, locales, options, 'date'));
  method(Date.prototype, 'toLocaleTimeString', (self, locales, options) => intl().dateToLocale(self, locales, options, 'time'));
  method(String.prototype, 'localeCompare', (self, that, locales, options) => (
    locales === undefined && options === undefined
      ? native.collate('en-US', '', toText(self), toText(that))
      : intl().compareTexts(toText(self), toText(that), locales, options)
  ));
}

/**
 * @param {object} prototype
 * @param {string} name
 * @param {(self: any, a: any, b: any, c: any) => unknown} run
 */
function method(prototype, name, run) {
  const { [name]: value } = {
    /** @this {any} @param {any} a @param {any} b @param {any} c */
    [name](a, b, c) {
      return run(this, a, b, c);
    },
  };
  defineProperty(prototype, name, { value, writable: true, enumerable: false, configurable: true });
}

/** Globals of the module `web`. */
const WEB = [
  'AbortController', 'AbortSignal', 'Blob', 'CustomEvent', 'Event', 'EventTarget', 'fetch', 'File', 'FormData', 'Headers', 'Request',
  'Response', 'structuredClone',
];
/** Globals of the module `streams`. */
const STREAMS = [
  'ByteLengthQueuingStrategy', 'CountQueuingStrategy', 'ReadableStream', 'ReadableStreamDefaultReader', 'TransformStream', 'WritableStream',
];

/**
 * @param {string} name
 * @param {PropertyDescriptor} descriptor
 * @param {object} [target]
 */
function define(name, descriptor, target = globalThis) {
  defineProperty(target, name, { ...descriptor, enumerable: false, configurable: true });
}

/**
 * A global whose module is loaded when it is first read.
 * @param {string} name
 * @param {() => unknown} load
 */
function lazily(name, load) {
  const set = (/** @type {unknown} */ value) => define(name, { value, writable: true });
  define(name, {
    get: () => {
      const value = load();
      set(value);
      return value;
    },
    set,
  });
}

/** Ends the run for an error that no caller can catch. @type {(error: unknown) => void} */
let onUncaught = () => {};
timers.setUncaughtHandler((error) => onUncaught(error));

/**
 * Runs a function.
 * @param {import('./native.js').Native} _given the same as at `install`
 * @param {string} kind `sync`, `action`, `on-event`, `webhook`, `config` or `script`
 * @param {any} definition the entry module's default export
 * @param {string} contextJson
 * @param {string} inputJson
 * @returns {Promise<string>} the output as JSON
 */
export function start(_given, kind, definition, contextJson, inputJson) {
  startClock();
  return new PromiseClass((resolve, reject) => {
    onUncaught = reject;
    promiseThen(execute(kind, definition, contextJson, inputJson), resolve, reject);
  });
}

/**
 * @param {string} kind
 * @param {any} definition
 * @param {string} contextJson
 * @param {string} inputJson
 * @returns {Promise<string>}
 */
async function execute(kind, definition, contextJson, inputJson) {
  const input = inputJson === '' ? undefined : jsonParse(inputJson);
  if (kind === 'script') return outputText(await definition(input));
  if (kind === 'config') return outputText(await configure(definition, input));
  const run = new Run(jsonParse(contextJson));
  setThreshold(run.context.logger_level);
  const nango = createNango(run, kind);
  const method = kind === 'webhook' ? 'onWebhook' : 'exec';
  checkDefinition(definition, kind, method, run.context.name);
  if (kind === 'action') return outputText(await definition.exec(nango, input ?? {}));
  await (method === 'exec' ? definition.exec(nango) : definition.onWebhook(nango, input));
  return kind === 'sync' ? 'true' : 'null';
}

/**
 * @param {any} definition
 * @param {string} kind
 * @param {string} method
 * @param {string} name
 */
function checkDefinition(definition, kind, method, name) {
  if (typeof definition !== 'object' || definition === null) {
    throw new ErrorClass(`The function "${name}" must export the result of createSync, createAction or createOnEvent as its default`);
  }
  const wanted = kind === 'webhook' ? 'sync' : kind === 'on-event' ? 'onEvent' : kind;
  if (definition.type !== undefined && definition.type !== wanted) {
    throw new ErrorClass(`Incorrect script loaded for "${name}": expected a function of type ${wanted}, found ${toText(definition.type)}`);
  }
  if (typeof definition[method] !== 'function') throw new ErrorClass(`The function "${name}" has no ${method}`);
}

/**
 * @param {unknown} output
 * @returns {string}
 */
function outputText(output) {
  let text;
  try {
    text = jsonStringify(output);
  } catch (error) {
    throw new TypeErrorClass(`The output cannot be turned into JSON: ${/** @type {any} */ (error)?.message}`, { cause: error });
  }
  return text ?? 'null';
}
