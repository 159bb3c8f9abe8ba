// The module `assert`.
import { inspect } from 'util';
import { deepLooseEqual, deepStrictEqual as isDeepStrictEqual } from '../deep_equal.js';

export class AssertionError extends Error {
  code = 'ERR_ASSERTION';

  /** @param {{ message?: any, actual?: any, expected?: any, operator?: string }} options */
  constructor(options) {
    const { message, actual, expected, operator } = options;
    super(message === undefined ? `${inspect(actual)} ${operator} ${inspect(expected)}` : String(message));
    this.name = 'AssertionError';
    this.generatedMessage = message === undefined;
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
  }
}

/**
 * @param {boolean} holds
 * @param {any} actual
 * @param {any} expected
 * @param {any} message
 * @param {string} operator
 * @param {string} text what to say without a message
 */
function check(holds, actual, expected, message, operator, text) {
  if (holds) return;
  if (message instanceof Error) throw message;
  const error = new AssertionError({ message: message ?? text, actual, expected, operator });
  error.generatedMessage = message === undefined;
  throw error;
}

const pair = (/** @type {string} */ text, /** @type {any} */ a, /** @type {any} */ b) => `${text}\n\n${inspect(a)} !== ${inspect(b)}\n`;

/** @param {any} value @param {any} [message] */
export function ok(value, message) {
  const text = arguments.length === 0 ? 'No value argument passed to `assert.ok()`' : 'The expression evaluated to a falsy value';
  check(Boolean(value), value, true, message, '==', text);
}
/** @param {any} a @param {any} b @param {any} [message] */
export const equal = (a, b, message) => check(a == b || (a !== a && b !== b), a, b, message, '==', `${inspect(a)} == ${inspect(b)}`);
/** @param {any} a @param {any} b @param {any} [message] */
export const notEqual = (a, b, message) => check(!(a == b || (a !== a && b !== b)), a, b, message, '!=', `${inspect(a)} != ${inspect(b)}`);
/** @param {any} a @param {any} b @param {any} [message] */
export const strictEqual = (a, b, message) => check(Object.is(a, b), a, b, message, 'strictEqual', pair('Expected values to be strictly equal:', a, b));
/** @param {any} a @param {any} b @param {any} [message] */
export const notStrictEqual = (a, b, message) => check(!Object.is(a, b), a, b, message, 'notStrictEqual', `Expected "actual" to be strictly unequal to: ${inspect(b)}`);
/** @param {any} a @param {any} b @param {any} [message] */
export const deepEqual = (a, b, message) => check(deepLooseEqual(a, b), a, b, message, 'deepEqual', pair('Expected values to be loosely deep-equal:', a, b));
/** @param {any} a @param {any} b @param {any} [message] */
export const notDeepEqual = (a, b, message) => check(!deepLooseEqual(a, b), a, b, message, 'notDeepEqual', `Expected "actual" not to be loosely deep-equal to: ${inspect(b)}`);
/** @param {any} a @param {any} b @param {any} [message] */
export const deepStrictEqual = (a, b, message) => check(isDeepStrictEqual(a, b), a, b, message, 'deepStrictEqual', pair('Expected values to be strictly deep-equal:', a, b));
/** @param {any} a @param {any} b @param {any} [message] */
export const notDeepStrictEqual = (a, b, message) => check(!isDeepStrictEqual(a, b), a, b, message, 'notDeepStrictEqual', `Expected "actual" not to be strictly deep-equal to: ${inspect(b)}`);
/** @param {string} text @param {RegExp} pattern @param {any} [message] */
export const match = (text, pattern, message) => check(typeof text === 'string' && pattern.test(text), text, pattern, message, 'match', `The input did not match the regular expression ${pattern}. Input:\n\n${inspect(text)}\n`);
/** @param {string} text @param {RegExp} pattern @param {any} [message] */
export const doesNotMatch = (text, pattern, message) => check(typeof text === 'string' && !pattern.test(text), text, pattern, message, 'doesNotMatch', `The input was expected to not match the regular expression ${pattern}. Input:\n\n${inspect(text)}\n`);
/** @param {any} [message] */
export const fail = (message) => check(false, undefined, undefined, message, 'fail', 'Failed');
/** @param {any} value */
export function ifError(value) {
  if (value !== null && value !== undefined) check(false, value, null, `ifError got unwanted exception: ${value?.message ?? inspect(value)}`, 'ifError', '');
}

/**
 * @param {any} error what was thrown
 * @param {any} expected a class, a pattern, a test or an object of properties
 * @param {any} message
 * @param {string} operator
 */
function checkThrown(error, expected, message, operator) {
  if (expected === undefined || typeof expected === 'string') return;
  if (expected instanceof RegExp) check(expected.test(String(error)), error, expected, message, operator, `The input did not match the regular expression ${expected}. Input:\n\n${inspect(String(error))}\n`);
  else if (typeof expected === 'function') {
    if (expected.prototype !== undefined && error instanceof expected) return;
    if (Object.prototype.isPrototypeOf.call(Error, expected)) {
      check(false, error, expected, message, operator, `The error is expected to be an instance of "${expected.name}". Received "${error?.name}"`);
    }
    check(expected(error) === true, error, expected, message, operator, 'The validation function is expected to return "true".');
  } else {
    for (const key of Object.keys(expected)) {
      const holds = expected[key] instanceof RegExp && typeof error?.[key] === 'string' ? expected[key].test(error[key]) : isDeepStrictEqual(error?.[key], expected[key]);
      check(holds, error, expected, message, operator, pair('Expected values to be strictly deep-equal:', error?.[key], expected[key]));
    }
  }
}

/** @param {() => any} run @param {any} [expected] @param {any} [message] */
export function throws(run, expected, message) {
  let thrown;
  try {
    run();
  } catch (error) {
    thrown = { error };
  }
  const text = typeof expected === 'string' ? expected : message;
  if (thrown === undefined) check(false, undefined, expected, `Missing expected exception${text === undefined ? '.' : `: ${text}`}`, 'throws', '');
  else checkThrown(thrown.error, expected, message, 'throws');
}

/** @param {any} run a promise or a function that returns one @param {any} [expected] @param {any} [message] */
export async function rejects(run, expected, message) {
  let thrown;
  const promise = typeof run === 'function' ? run() : run;
  try {
    await promise;
  } catch (error) {
    thrown = { error };
  }
  if (thrown === undefined) check(false, undefined, expected, message, 'rejects', 'Missing expected rejection.');
  else checkThrown(thrown.error, expected, message, 'rejects');
}

/** @param {() => any} run @param {any} [_expected] @param {any} [message] */
export function doesNotThrow(run, _expected, message) {
  try {
    run();
  } catch (error) {
    check(false, error, undefined, message ?? `Got unwanted exception.\nActual message: "${/** @type {any} */ (error)?.message}"`, 'doesNotThrow', '');
  }
}

/** @param {any} run @param {any} [_expected] @param {any} [message] */
export async function doesNotReject(run, _expected, message) {
  try {
    await (typeof run === 'function' ? run() : run);
  } catch (error) {
    check(false, error, undefined, message, 'doesNotReject', `Got unwanted rejection.\nActual message: "${/** @type {any} */ (error)?.message}"`);
  }
}

/** @type {any} */
const assert = Object.assign((/** @type {any} */ value, /** @type {any} */ message) => ok(value, message), {
  AssertionError, deepEqual, deepStrictEqual, doesNotMatch, doesNotReject, doesNotThrow, equal, fail, ifError, match, notDeepEqual,
  notDeepStrictEqual, notEqual, notStrictEqual, ok, rejects, strictEqual, throws,
});
/** @type {any} */
export const strict = Object.assign((/** @type {any} */ value, /** @type {any} */ message) => ok(value, message), assert, {
  equal: strictEqual, notEqual: notStrictEqual, deepEqual: deepStrictEqual, notDeepEqual: notDeepStrictEqual,
});
strict.strict = strict;
assert.strict = strict;
export default assert;
