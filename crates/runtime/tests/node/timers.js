import timers from 'timers';
import promises, { setImmediate as soon, setInterval as every, setTimeout as wait } from 'timers/promises';
import * as prefixed from 'node:timers/promises';

export default {
  'one module': () => [timers.setTimeout === setTimeout, timers.promises === promises, prefixed.setTimeout === wait],
  'setTimeout gives its value': async () => [await wait(1, 'x'), await wait(1), await soon(7)],
  'setTimeout ends with its signal': async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1);
    return wait(10_000, 'never', { signal: controller.signal });
  },
  'a signal that is aborted already': () => wait(10_000, 'never', { signal: AbortSignal.abort() }),
  'setInterval is a list': async () => {
    const seen = [];
    for await (const value of every(1, 'tick')) {
      seen.push(value);
      if (seen.length === 3) break;
    }
    return seen;
  },
  'scheduler': async () => [await promises.scheduler.wait(1), await promises.scheduler.yield()],
  'order': async () => {
    const seen = [];
    setTimeout(() => seen.push('timeout'), 0);
    queueMicrotask(() => seen.push('microtask'));
    process.nextTick(() => seen.push('tick'));
    seen.push('now');
    await wait(5);
    return seen.filter((one) => one !== 'tick');
  },
  'clearInterval inside of its callback': async () => {
    let count = 0;
    await new Promise((resolve) => {
      const handle = setInterval(() => {
        count += 1;
        if (count === 3) { clearInterval(handle); resolve(); }
      }, 1);
    });
    await wait(5);
    return count;
  },
  'cleared ones never run': async () => {
    const seen = [];
    clearTimeout(setTimeout(() => seen.push(1), 1));
    clearImmediate(setImmediate(() => seen.push(2)));
    clearTimeout(undefined);
    clearTimeout(null);
    await wait(5);
    return seen;
  },
  'arguments reach the callback': () => new Promise((resolve) => { setTimeout((...given) => resolve(given), 1, 'a', 2); }),
};
