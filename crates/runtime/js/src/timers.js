// setTimeout and its relatives over the engine's one-shot timers.
import { apply, isFiniteNumber, MapClass, mapDelete, mapGet, mapSet, max, min, toNumber, TypeErrorClass } from './intrinsics.js';
import { native } from './native.js';

/** Longest delay of the web platform (2^31 - 1 ms); a longer one fires at once there, here it waits this long. */
const LONGEST_DELAY = 2_147_483_647;

/** Running timers by their number. @type {Map<number, Timer>} */
const active = new MapClass();
let lastNumber = 0;

/** @type {(error: unknown) => void} */
let onUncaught = () => {};

/**
 * Says what happens with an error that a timer's callback throws.
 * @param {(error: unknown) => void} handler
 */
export function setUncaughtHandler(handler) {
  onUncaught = handler;
}

/** What setTimeout returns: converts to its number, and has the methods that Node's has. */
class Timer {
  #number;
  #native = 0;
  #repeat;
  #delay;
  #run;

  /**
   * @param {() => void} run
   * @param {number} delay milliseconds
   * @param {boolean} repeat
   */
  constructor(run, delay, repeat) {
    lastNumber += 1;
    this.#number = lastNumber;
    this.#run = run;
    this.#delay = delay;
    this.#repeat = repeat;
    mapSet(active, this.#number, this);
    this.#arm();
  }

  #arm() {
    this.#native = native.setTimer(this.#delay, () => this.#fire());
  }

  #fire() {
    if (this.#repeat) this.#arm();
    else mapDelete(active, this.#number);
    try {
      this.#run();
    } catch (error) {
      onUncaught(error);
    }
  }

  /** @param {unknown} handle */
  static cancel(handle) {
    const timer = typeof handle === 'object' && handle !== null && #number in handle ? handle : mapGet(active, toNumber(handle));
    if (timer === undefined) return;
    mapDelete(active, timer.#number);
    timer.#repeat = false;
    native.clearTimer(timer.#native);
  }

  /** @returns {this} */
  ref() {
    return this;
  }

  /** A run ends with its function, never because a timer is left: nothing to do. @returns {this} */
  unref() {
    return this;
  }

  /** @returns {boolean} */
  hasRef() {
    return true;
  }

  /** @returns {this} */
  refresh() {
    native.clearTimer(this.#native);
    mapSet(active, this.#number, this);
    this.#arm();
    return this;
  }

  close() {
    Timer.cancel(this);
  }

  /** @returns {number} */
  [Symbol.toPrimitive]() {
    return this.#number;
  }
}

/**
 * @param {unknown} callback
 * @param {unknown} delay
 * @param {unknown[]} given
 * @param {boolean} repeat
 * @returns {Timer}
 */
function schedule(callback, delay, given, repeat) {
  if (typeof callback !== 'function') throw new TypeErrorClass('The timer callback must be a function');
  const wanted = toNumber(delay);
  const milliseconds = isFiniteNumber(wanted) ? min(max(wanted, 0), LONGEST_DELAY) : 0;
  return new Timer(() => void apply(callback, undefined, given), repeat ? max(milliseconds, 1) : milliseconds, repeat);
}

/** @typedef {(callback: unknown, delay?: unknown, ...given: unknown[]) => Timer} Starter */

/** @type {Starter} */
export const setTimeout = (callback, delay, ...given) => schedule(callback, delay, given, false);
/** @type {Starter} */
export const setInterval = (callback, delay, ...given) => schedule(callback, delay, given, true);
/** @type {(callback: unknown, ...given: unknown[]) => Timer} */
export const setImmediate = (callback, ...given) => schedule(callback, 0, given, false);
/** @type {(handle: unknown) => void} */
export const clearTimeout = (handle) => {
  if (handle !== undefined && handle !== null) Timer.cancel(handle);
};
export const clearInterval = clearTimeout;
export const clearImmediate = clearTimeout;
