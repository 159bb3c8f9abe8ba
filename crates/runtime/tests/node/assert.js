import assert, { AssertionError, strict } from 'assert';
import * as prefixed from 'node:assert';
import strictModule from 'assert/strict';

const outcome = (run) => {
  try {
    run();
    return 'holds';
  } catch (error) {
    return [error.name, error.code, error.operator, error.generatedMessage];
  }
};
const later = (promise) => promise.then(() => 'holds', (error) => [error.name, error.code, error.operator]);

export default {
  'one module': () => [prefixed.default === assert, typeof assert.strict, strict.equal === assert.strictEqual, strictModule.deepEqual === assert.deepStrictEqual],
  'ok': () => [outcome(() => assert(1)), outcome(() => assert.ok(0)), outcome(() => assert(false, 'told')), outcome(() => assert.ok(null, new RangeError('own')))],
  'messages': () => { assert.ok(false, 'the message'); },
  'equalities': () => [
    outcome(() => assert.equal(1, '1')), outcome(() => assert.equal(1, 2)), outcome(() => assert.notEqual(1, 2)), outcome(() => assert.strictEqual(1, '1')), outcome(() => assert.strictEqual(NaN, NaN)),
    outcome(() => assert.notStrictEqual(1, 1)), outcome(() => assert.deepEqual({ a: 1 }, { a: '1' })), outcome(() => assert.deepStrictEqual({ a: 1 }, { a: '1' })), outcome(() => assert.deepStrictEqual([1, { b: new Map([[1, 2]]) }], [1, { b: new Map([[1, 2]]) }])),
    outcome(() => assert.notDeepStrictEqual({}, {})), outcome(() => assert.notDeepEqual({}, { a: 1 })),
  ],
  'throws': () => [
    outcome(() => assert.throws(() => { throw new TypeError('bad'); })), outcome(() => assert.throws(() => {})), outcome(() => assert.throws(() => { throw new TypeError('bad'); }, TypeError)), outcome(() => assert.throws(() => { throw new TypeError('bad'); }, /bad/)),
    outcome(() => assert.throws(() => { throw new TypeError('bad'); }, /good/)), outcome(() => assert.throws(() => { throw new TypeError('bad'); }, { name: 'TypeError', message: 'bad' })), outcome(() => assert.throws(() => { throw new TypeError('bad'); }, { message: 'good' })),
    outcome(() => assert.throws(() => { throw new TypeError('bad'); }, (error) => error instanceof TypeError)), outcome(() => assert.doesNotThrow(() => {})), outcome(() => assert.doesNotThrow(() => { throw new Error('x'); })),
  ],
  'throws of another class': () => assert.throws(() => { throw new TypeError('bad'); }, RangeError),
  'rejects': async () => [await later(assert.rejects(Promise.reject(new Error('x')))), await later(assert.rejects(async () => 1)), await later(assert.doesNotReject(Promise.resolve())), await later(assert.rejects(async () => { throw new TypeError('q'); }, TypeError))],
  'match': () => [outcome(() => assert.match('abc', /b/)), outcome(() => assert.match('abc', /x/)), outcome(() => assert.doesNotMatch('abc', /b/))],
  'fail and ifError': () => [outcome(() => assert.fail()), outcome(() => assert.fail('why')), outcome(() => assert.ifError(null)), outcome(() => assert.ifError(new Error('e')))],
  'AssertionError': () => {
    const error = new AssertionError({ actual: 1, expected: 2, operator: 'strictEqual', message: 'm' });
    return [error.actual, error.expected, error instanceof Error];
  },
};
