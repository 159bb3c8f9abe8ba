// AbortController and AbortSignal of the DOM standard.
import { defineHandler, Event, EventTarget } from './events.js';

/** Only this file makes signals. */
const KEY = Symbol('signal');

export class AbortSignal extends EventTarget {
  #aborted = false;
  /** @type {unknown} */
  #reason;

  /** @param {symbol} [key] */
  constructor(key) {
    if (key !== KEY) throw new TypeError('Illegal constructor');
    super();
  }

  get aborted() {
    return this.#aborted;
  }

  get reason() {
    return this.#reason;
  }

  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }

  /** @param {unknown} [reason] @returns {AbortSignal} */
  static abort(reason) {
    const signal = new AbortSignal(KEY);
    AbortSignal.#abort(signal, reason);
    return signal;
  }

  /** @param {number} milliseconds @returns {AbortSignal} */
  static timeout(milliseconds) {
    const signal = new AbortSignal(KEY);
    setTimeout(() => AbortSignal.#abort(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError')), milliseconds);
    return signal;
  }

  /** @param {Iterable<AbortSignal>} signals @returns {AbortSignal} */
  static any(signals) {
    const all = [...signals];
    const signal = new AbortSignal(KEY);
    const done = all.find((one) => one.aborted);
    if (done !== undefined) AbortSignal.#abort(signal, done.reason);
    else for (const one of all) one.addEventListener('abort', () => AbortSignal.#abort(signal, one.reason), { once: true });
    return signal;
  }

  /** For AbortController only. @param {AbortSignal} signal @param {unknown} reason */
  static trigger(signal, reason) {
    AbortSignal.#abort(signal, reason);
  }

  /** @param {AbortSignal} signal @param {unknown} reason */
  static #abort(signal, reason) {
    if (signal.#aborted) return;
    signal.#aborted = true;
    signal.#reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
    signal.dispatchEvent(new Event('abort'));
  }

  get [Symbol.toStringTag]() {
    return 'AbortSignal';
  }
}
defineHandler(AbortSignal.prototype, 'abort');

const { trigger } = AbortSignal;
Reflect.deleteProperty(AbortSignal, 'trigger');

export class AbortController {
  #signal = new AbortSignal(KEY);

  get signal() {
    return this.#signal;
  }

  /** @param {unknown} [reason] */
  abort(reason) {
    trigger(this.#signal, reason);
  }

  get [Symbol.toStringTag]() {
    return 'AbortController';
  }
}
