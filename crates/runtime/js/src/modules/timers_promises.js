// The module `timers/promises`.
const globals = /** @type {any} */ (globalThis);

/** @param {AbortSignal} signal @returns {Error} */
function abortError(signal) {
  return Object.assign(new Error('The operation was aborted', { cause: signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' });
}

/**
 * @param {(done: () => void) => any} start
 * @param {(handle: any) => void} stop
 * @param {unknown} value
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<any>}
 */
function after(start, stop, value, options) {
  const signal = options?.signal;
  if (signal?.aborted) return Promise.reject(abortError(signal));
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      stop(handle);
      if (signal !== undefined) reject(abortError(signal));
    };
    const handle = start(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** @param {number} [delay] milliseconds @param {unknown} [value] @param {any} [options] @returns {Promise<any>} */
export function setTimeout(delay, value, options) {
  return after((done) => globals.setTimeout(done, delay), globals.clearTimeout, value, options);
}

/** @param {unknown} [value] @param {any} [options] @returns {Promise<any>} */
export function setImmediate(value, options) {
  return after((done) => globals.setImmediate(done), globals.clearImmediate, value, options);
}

/** @param {number} [delay] milliseconds @param {unknown} [value] @param {any} [options] @returns {AsyncGenerator<any>} */
export async function* setInterval(delay, value, options) {
  while (true) yield setTimeout(delay, value, options);
}

export const scheduler = {
  wait: (/** @type {number} */ delay, /** @type {any} */ options) => setTimeout(delay, undefined, options),
  yield: () => setImmediate(),
};

export default { setTimeout, setImmediate, setInterval, scheduler };
