// `console`: every line becomes a log line of the run.
import { ErrorClass, MapClass, mapDelete, mapGet, mapSet, stringReplaceAll, toText } from './intrinsics.js';
import { format } from './inspect.js';
import { enabled, write } from './log.js';
import { native } from './native.js';

/**
 * @returns {object} the `console` global
 */
export function createConsole() {
  const counts = new MapClass();
  const timers = new MapClass();
  let indent = '';

  /** @param {import('./log.js').Level} level */
  const writer = (level) => (/** @type {unknown[]} */ ...values) => {
    if (enabled(level)) line(level, format(values));
  };
  /**
   * @param {import('./log.js').Level} level
   * @param {string} text
   */
  const line = (level, text) => write(level, indent === '' ? text : indent + stringReplaceAll(text, '\n', `\n${indent}`));
  const group = (/** @type {unknown[]} */ ...values) => {
    if (values.length > 0) line('info', format(values));
    indent += '  ';
  };

  return {
    debug: writer('debug'), log: writer('info'), info: writer('info'), warn: writer('warn'), error: writer('error'),
    dir: (/** @type {unknown} */ value) => line('info', format([value])),
    table: writer('info'),
    trace: (/** @type {unknown[]} */ ...values) => line('debug', `Trace: ${format(values)}\n${new ErrorClass().stack}`),
    assert: (/** @type {unknown} */ condition, /** @type {unknown[]} */ ...values) => {
      if (!condition) line('error', values.length > 0 ? `Assertion failed: ${format(values)}` : 'Assertion failed');
    },
    group, groupCollapsed: group,
    groupEnd: () => {
      indent = indent === '' ? '' : indent.substring(2);
    },
    count: (/** @type {unknown} */ label = 'default') => {
      const key = toText(label);
      const count = (mapGet(counts, key) ?? 0) + 1;
      mapSet(counts, key, count);
      line('info', `${key}: ${count}`);
    },
    countReset: (/** @type {unknown} */ label = 'default') => void mapDelete(counts, toText(label)),
    time: (/** @type {unknown} */ label = 'default') => void mapSet(timers, toText(label), native.now()),
    timeLog: (/** @type {unknown} */ label = 'default', /** @type {unknown[]} */ ...values) => elapsed(toText(label), values),
    timeEnd: (/** @type {unknown} */ label = 'default') => {
      elapsed(toText(label), []);
      mapDelete(timers, toText(label));
    },
  };

  /**
   * @param {string} label
   * @param {unknown[]} values
   */
  function elapsed(label, values) {
    const started = mapGet(timers, label);
    if (started === undefined) return;
    const rest = values.length > 0 ? ` ${format(values)}` : '';
    line('info', `${label}: ${(native.now() - started).toFixed(3)} ms${rest}`);
  }
}
