// Event, CustomEvent and EventTarget of the DOM standard, without a tree: an event has one target.
const LISTENER_LIMIT = 10_000;

export class Event {
  #type;
  #options;
  #stopped = false;
  #prevented = false;
  /** @type {EventTarget | null} */
  #target = null;
  #timeStamp = performance.now();

  /**
   * @param {string} type
   * @param {{ bubbles?: boolean, cancelable?: boolean, composed?: boolean }} [options]
   */
  constructor(type, options = {}) {
    if (arguments.length === 0) throw new TypeError('The event needs a type');
    this.#type = String(type);
    this.#options = { bubbles: Boolean(options?.bubbles), cancelable: Boolean(options?.cancelable), composed: Boolean(options?.composed) };
  }

  get type() {
    return this.#type;
  }

  get target() {
    return this.#target;
  }

  get currentTarget() {
    return this.#target;
  }

  get srcElement() {
    return this.#target;
  }

  get bubbles() {
    return this.#options.bubbles;
  }

  get cancelable() {
    return this.#options.cancelable;
  }

  get composed() {
    return this.#options.composed;
  }

  get defaultPrevented() {
    return this.#prevented;
  }

  get timeStamp() {
    return this.#timeStamp;
  }

  get eventPhase() {
    return this.#target === null ? 0 : 2;
  }

  get isTrusted() {
    return false;
  }

  preventDefault() {
    if (this.#options.cancelable) this.#prevented = true;
  }

  stopPropagation() {}

  stopImmediatePropagation() {
    this.#stopped = true;
  }

  composedPath() {
    return this.#target === null ? [] : [this.#target];
  }

  /**
   * For EventTarget only: calls the listeners one after another until one stops the event.
   * @param {Event} event
   * @param {EventTarget} target
   * @param {Iterable<(event: Event) => void>} calls
   * @returns {boolean} whether nobody prevented the default
   */
  static deliver(event, target, calls) {
    event.#target = target;
    event.#stopped = false;
    for (const call of calls) {
      if (event.#stopped) break;
      call(event);
    }
    return !event.#prevented;
  }

  get [Symbol.toStringTag]() {
    return 'Event';
  }
}

const { deliver } = Event;
Reflect.deleteProperty(Event, 'deliver');

export class CustomEvent extends Event {
  #detail;

  /** @param {string} type @param {any} [options] */
  constructor(type, options = {}) {
    super(type, options);
    this.#detail = options?.detail ?? null;
  }

  get detail() {
    return this.#detail;
  }
}

/** @typedef {{ listener: any, capture: boolean, once: boolean, gone: boolean }} Registration */

export class EventTarget {
  /** @type {Map<string, Registration[]>} */
  #listeners = new Map();

  /**
   * @param {string} type
   * @param {any} listener
   * @param {any} [options]
   */
  addEventListener(type, listener, options) {
    if (listener === null || listener === undefined) return;
    if (typeof listener !== 'function' && typeof listener !== 'object') throw new TypeError('The listener must be a function or an object');
    const capture = isCapture(options);
    const signal = typeof options === 'object' ? options?.signal : undefined;
    if (signal?.aborted) return;
    const name = String(type);
    const list = this.#listeners.get(name) ?? [];
    if (list.some((other) => other.listener === listener && other.capture === capture)) return;
    if (list.length >= LISTENER_LIMIT) throw new RangeError('There are too many listeners');
    list.push({ listener, capture, once: Boolean(options?.once), gone: false });
    this.#listeners.set(name, list);
    signal?.addEventListener('abort', () => this.removeEventListener(type, listener, options), { once: true });
  }

  /**
   * @param {string} type
   * @param {any} listener
   * @param {any} [options]
   */
  removeEventListener(type, listener, options) {
    const list = this.#listeners.get(String(type));
    const at = list?.findIndex((other) => other.listener === listener && other.capture === isCapture(options)) ?? -1;
    if (at < 0 || list === undefined) return;
    list[at].gone = true;
    list.splice(at, 1);
  }

  /**
   * A listener that throws does not keep the others from being called; its error ends the run, as no caller can catch it.
   * @param {Event} event
   * @returns {boolean}
   */
  dispatchEvent(event) {
    if (!(event instanceof Event)) throw new TypeError('The argument must be an Event');
    const calls = [...(this.#listeners.get(event.type) ?? [])].map((registration) => (/** @type {Event} */ given) => {
      if (registration.gone) return;
      if (registration.once) this.removeEventListener(given.type, registration.listener, registration.capture);
      const { listener } = registration;
      try {
        if (typeof listener === 'function') listener.call(this, given);
        else listener.handleEvent(given);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    });
    return deliver(event, this, calls);
  }

  get [Symbol.toStringTag]() {
    return 'EventTarget';
  }
}

/** @param {any} options @returns {boolean} */
function isCapture(options) {
  return Boolean(typeof options === 'object' ? options?.capture : options);
}

/**
 * Adds a property `on<type>` that holds one listener.
 * @param {object} prototype
 * @param {string} type
 */
export function defineHandler(prototype, type) {
  /** @type {WeakMap<object, { handler: any, listener: (event: Event) => void }>} */
  const handlers = new WeakMap();
  Object.defineProperty(prototype, `on${type}`, {
    /** @this {any} */
    get() {
      return handlers.get(this)?.handler ?? null;
    },
    /** @this {any} @param {any} handler */
    set(handler) {
      const known = handlers.get(this);
      if (known !== undefined) this.removeEventListener(type, known.listener);
      handlers.delete(this);
      if (typeof handler !== 'function') return;
      const listener = (/** @type {Event} */ event) => void handler.call(this, event);
      handlers.set(this, { handler, listener });
      this.addEventListener(type, listener);
    },
    enumerable: true,
    configurable: true,
  });
}
