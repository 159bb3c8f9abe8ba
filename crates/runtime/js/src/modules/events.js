// The module `events`: npm's, with what Node added since.
import EventEmitter from 'events/';

/** @type {any} */
const Emitter = EventEmitter;

/**
 * The events of one name as an endless list.
 * @param {any} emitter
 * @param {string | symbol} name
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {AsyncIterableIterator<unknown[]>}
 */
export function on(emitter, name, options = {}) {
  const { signal } = options;
  if (signal?.aborted) throw abortError(signal);
  /** @type {unknown[][]} */
  const arrived = [];
  /** @type {{ resolve: Function, reject: Function }[]} */
  const waiting = [];
  /** @type {{ error: unknown } | undefined} */
  let failed;
  let done = false;
  const onEvent = (/** @type {unknown[]} */ ...values) => {
    const next = waiting.shift();
    if (next === undefined) arrived.push(values);
    else next.resolve({ value: values, done: false });
  };
  const onError = (/** @type {unknown} */ error) => {
    const next = waiting.shift();
    if (next === undefined) failed = { error };
    else next.reject(error);
    void close();
  };
  const onAbort = () => onError(abortError(signal));
  emitter.on(name, onEvent);
  if (name !== 'error') emitter.on('error', onError);
  signal?.addEventListener('abort', onAbort, { once: true });

  async function close() {
    emitter.removeListener(name, onEvent);
    emitter.removeListener('error', onError);
    signal?.removeEventListener('abort', onAbort);
    done = true;
    for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
    return { value: undefined, done: true };
  }

  return /** @type {any} */ ({
    next: () => {
      const value = arrived.shift();
      if (value !== undefined) return Promise.resolve({ value, done: false });
      if (failed !== undefined) {
        const { error } = failed;
        failed = undefined;
        return Promise.reject(error);
      }
      if (done) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return: close,
    throw: async (/** @type {unknown} */ error) => void onError(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  });
}

/** @param {AbortSignal | undefined} signal @returns {Error} */
function abortError(signal) {
  const error = new Error('The operation was aborted', { cause: signal?.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}

const npmOnce = Emitter.once;
/**
 * @param {any} emitter
 * @param {string | symbol} name
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<unknown[]>}
 */
export function once(emitter, name, options = {}) {
  const { signal } = options;
  if (signal === undefined) return npmOnce(emitter, name);
  if (signal.aborted) return Promise.reject(abortError(signal));
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(abortError(signal)), { once: true });
    npmOnce(emitter, name).then(resolve, reject);
  });
}

/** @param {any} emitter @param {string | symbol} name @returns {Function[]} */
export const getEventListeners = (emitter, name) => emitter.listeners(name);
/** @param {number} count @param {any[]} emitters */
export function setMaxListeners(count, ...emitters) {
  if (emitters.length === 0) Emitter.defaultMaxListeners = count;
  for (const emitter of emitters) emitter.setMaxListeners?.(count);
}
/** @param {any} emitter @returns {number} */
export const getMaxListeners = (emitter) => emitter.getMaxListeners();
/** @param {any} emitter @param {string | symbol} name @returns {number} */
export const listenerCount = (emitter, name) => emitter.listenerCount(name);
export const { defaultMaxListeners } = Emitter;
Object.assign(Emitter, { on, once, getEventListeners, getMaxListeners, setMaxListeners, listenerCount });

export { Emitter as EventEmitter };
export default Emitter;
