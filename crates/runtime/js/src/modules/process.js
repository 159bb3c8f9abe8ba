// The global and module `process`: what libraries look at. There is no process that a function could see or change.
const { performance, queueMicrotask } = globalThis;
const start = performance.now();
/** The Node whose built-in modules ours behave like. */
export const version = 'v20.0.0';
/** Without `node`: libraries that find it take for granted that files and sockets are there. */
export const versions = Object.freeze({});
export const env = {};
/** @type {string[]} */
export const argv = ['bespoke'];
/** @type {string[]} */
export const execArgv = [];
export const platform = 'linux';
export const arch = 'x64';
export const pid = 1;
export const title = 'bespoke';
export const browser = false;
export const release = Object.freeze({ name: 'bespoke' });
export const cwd = () => '/';
export const uptime = () => (performance.now() - start) / 1000;
export const memoryUsage = () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 });
export const emitWarning = (/** @type {unknown} */ warning) => console.warn(String(warning));

/** @param {Function} callback @param {unknown[]} given */
export function nextTick(callback, ...given) {
  if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function');
  queueMicrotask(() => callback(...given));
}

/** @param {[number, number]} [since] @returns {[number, number]} seconds and nanoseconds */
export function hrtime(since) {
  const [seconds, nanoseconds] = since ?? [0, 0];
  const now = performance.now();
  let whole = Math.floor(now / 1000) - seconds;
  let rest = Math.floor((now % 1000) * 1e6) - nanoseconds;
  if (rest < 0) {
    whole -= 1;
    rest += 1e9;
  }
  return [whole, rest];
}
hrtime.bigint = () => BigInt(Math.floor(performance.now() * 1e6));

/** Nobody is told anything: there are no signals, and no exit to wait for. @this {any} */
function listen() {
  return this;
}
const emitter = { on: listen, once: listen, off: listen, addListener: listen, removeListener: listen, removeAllListeners: listen, emit: () => false, listeners: () => [], listenerCount: () => 0 };

export default {
  argv, arch, browser, cwd, emitWarning, env, execArgv, hrtime, memoryUsage, nextTick, pid, platform, release, title, uptime, version, versions, ...emitter,
};
