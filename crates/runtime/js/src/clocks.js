// What tells the time or draws lots belongs into a run's own time: `const today = new Date()` at the top of a module must be
// the day of the run. Modules are evaluated ahead of runs, once for many of them, so while that happens every look at a
// clock is noticed; the modules are then evaluated in each run instead.
import { apply, DateClass, defineProperty, ProxyClass, reflectConstruct, reflectGet } from './intrinsics.js';
import { native } from './native.js';

let runStarted = 0;
let runStartedAt = 0;

/** The run's clock starts. */
export function startClock() {
  runStarted = native.now();
  runStartedAt = DateClass.now();
}

/** The global `performance`. */
export const performance = {
  now: () => native.now() - runStarted,
  get timeOrigin() {
    return runStartedAt;
  },
};

/** Globals that tell the time. @type {Array<'Date' | 'performance'>} */
const CLOCKS = ['Date', 'performance'];

/** The real clocks while they are watched. @type {unknown[]} */
let clocks = [];

/** From now on, whoever reads a clock is noticed. */
export function watchClocks() {
  clocks = CLOCKS.map((name) => {
    const clock = globalThis[name];
    const get = () => {
      native.inOwnTime();
      return clock;
    };
    defineProperty(globalThis, name, { get, enumerable: false, configurable: true });
    return clock;
  });
}

/** Puts the clocks back. */
export function unwatchClocks() {
  CLOCKS.forEach((name, at) => {
    defineProperty(globalThis, name, { value: clocks[at], writable: true, enumerable: false, configurable: true });
  });
  clocks = [];
}

const dateToText = DateClass.prototype.toString;

/** From now on `Date` tells the time of a run whose clock does not go by itself. */
export function stopClock() {
  /** @type {DateConstructor} */
  const clock = new ProxyClass(DateClass, {
    construct: (target, args, made) => reflectConstruct(target, args.length === 0 ? [native.clock()] : args, made === clock ? target : made),
    apply: () => apply(dateToText, new DateClass(native.clock()), []),
    get: (target, name) => (name === 'now' ? now : reflectGet(target, name)),
  });
  defineProperty(DateClass.prototype, 'constructor', { value: clock, writable: true, configurable: true });
  defineProperty(globalThis, 'Date', { value: clock, writable: true, configurable: true });
}

const now = () => native.clock();
