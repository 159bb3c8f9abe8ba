import util, { callbackify, deprecate, format, inherits, inspect, isDeepStrictEqual, promisify, stripVTControlCharacters, types } from 'util';
import * as prefixed from 'node:util';
import * as typesModule from 'util/types';

class Point { constructor() { this.x = 1; } }
const circular = { name: 'c' };
circular.self = circular;
const values = {
  object: { a: 1, b: 'x', c: [1, 2, { d: 3 }] }, nested: { a: { b: { c: { d: 1 } } } }, array: [1, , 3, undefined, null], long: Array.from({ length: 120 }, (_, index) => index),
  text: "it's", quotes: `a "b" 'c'`, number: -0, bigint: 10n, symbol: Symbol('s'), date: new Date(0), badDate: new Date(NaN), regexp: /a+/gi,
  map: new Map([['a', 1], [{ k: 1 }, [2]]]), set: new Set([1, 'b']), instance: new Point(), function: function named() {}, arrow: () => 1,
  circular, null: null, undefined: undefined, buffer: Buffer.from('hi'), bytes: new Uint8Array([1, 2, 3]),
  boxed: [Object(1), Object('s'), Object(true)], nullPrototype: Object.assign(Object.create(null), { a: 1 }), getter: { get a() { return 1; }, set b(value) {} },
  weird: { 'a-b': 1, 2: 3 }, wide: { aaaaaaaaaaaaaaaaaaaaaaaa: 1, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb: 2, cccccccccccccccccccccccccccccc: 3 },
  custom: { [Symbol.for('nodejs.util.inspect.custom')]: () => 'CUSTOM' }, multiline: 'a\nb', emptyThings: [{}, [], new Map(), ''],
};
const pairs = [
  [1, 1], [1, '1'], [NaN, NaN], [0, -0], [{ a: 1 }, { a: 1 }], [{ a: 1 }, { a: 1, b: undefined }], [[1, 2], [1, 2]], [[1, 2], [2, 1]], [new Date(1), new Date(1)],
  [new Date(1), new Date(2)], [/a/g, /a/g], [/a/g, /a/i], [new Map([[1, { a: 1 }]]), new Map([[1, { a: 1 }]])], [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 1]])],
  [new Set([1, 2]), new Set([2, 1])], [new Set([{ a: 1 }]), new Set([{ a: 1 }])], [new Set([{ a: 1 }]), new Set([{ a: 2 }])], [Object.create(null), {}], [new Point(), { x: 1 }],
  [Object(1), Object(1)], [Object(1), Object(2)], [new Error('a'), new Error('a')], [new Error('a'), new Error('b')], [new Uint8Array([1]), new Uint8Array([1])],
  [new Uint8Array([1]), Buffer.from([1])], [new Float32Array([0]), new Float32Array([-0])], [[1, , 3], [1, undefined, 3]], [circular, circular], [{ [Symbol.for('a')]: 1 }, { [Symbol.for('a')]: 2 }],
  [[], {}], [null, undefined], ['a', 'a'], [1n, 1n], [() => {}, () => {}],
];

export default {
  'one module': () => [util.inspect === inspect, prefixed.promisify === promisify, util.types.isDate === types.isDate, typesModule.isDate === types.isDate],
  ...Object.fromEntries(Object.entries(values).map(([name, value]) => [`inspect ${name}`, () => inspect(value)])),
  'inspect with options': () => [
    inspect({ a: { b: { c: {} } } }, { depth: 0 }), inspect({ a: { b: { c: { d: { e: 1 } } } } }, { depth: null }), inspect({ a: 1, b: [1, 2] }, { compact: false }),
    inspect([3, 1, 2], { maxArrayLength: 1 }), inspect('x'.repeat(50), { maxStringLength: 10 }), inspect({ b: 1, a: 2 }, { sorted: true }), inspect({ a: 'x' }, { colors: true }),
    inspect({ a: 1, b: { c: 2 } }, { breakLength: 5 }), inspect({ get a() { return { b: 1 }; } }, { getters: true }), inspect(123456789.5, { numericSeparator: true }),
  ],
  'inspect of an error begins with its stack': () => inspect(new TypeError('bad')).split('\n')[0],
  'format': () => [
    format('%s %d %i %f %j %o %O %%', 'a', 1.5, 1.9, '2.5', { a: 1 }, [1], { b: 2 }), format('a', 'b', { c: 1 }), format(1, 2), format('%s'), format('%s', null, undefined), format('%d', '0x10'),
    format('%s', { a: { b: { c: 1 } } }), format('%s', Symbol('x')), format('%s', 12n), format('%i', 'abc'), format('%c styled', 'css'), format('100%'), format('%x', 1), format('%s', -0), format(),
    format('%s', new Date(0)), format('%j', circular), format('%s', [1, [2, [3]]]),
  ],
  ...Object.fromEntries(pairs.map(([a, b], index) => [`isDeepStrictEqual of pair ${index}`, () => isDeepStrictEqual(a, b)])),
  'promisify': async () => {
    const read = (value, callback) => setTimeout(() => (value < 0 ? callback(new RangeError('negative')) : callback(null, value * 2)), 1);
    const promised = promisify(read);
    return [await promised(4), promised.name, await promised(-1).catch((error) => error.message)];
  },
  'promisify keeps this and custom': async () => {
    const object = { factor: 3, times(value, callback) { callback(null, value * this.factor); } };
    const custom = () => {};
    custom[promisify.custom] = async () => 'custom';
    return [await promisify(object.times).call(object, 2), await promisify(custom)(), await promisify(setTimeout)(1, 'late')];
  },
  'promisify of no function': () => promisify(1),
  'callbackify': async () => {
    const run = callbackify(async (value) => {
      if (value === 0) throw null;
      if (value < 0) throw new RangeError('negative');
      return value * 2;
    });
    const call = (value) => new Promise((resolve) => { run(value, (error, result) => resolve([error?.message ?? error, error?.code, result])); });
    return [await call(2), await call(-1), await call(0)];
  },
  'inherits': () => {
    function Parent() {}
    Parent.prototype.hello = () => 'hi';
    function Child() {}
    inherits(Child, Parent);
    return [new Child().hello(), Child.super_ === Parent, new Child() instanceof Parent];
  },
  'inherits of nothing': () => inherits(1, 2),
  'deprecate': () => {
    const old = deprecate((a, b) => a + b, 'old is old');
    return [old(1, 2), old(3, 4)];
  },
  'types': () => Object.fromEntries(['isDate', 'isRegExp', 'isMap', 'isSet', 'isPromise', 'isTypedArray', 'isUint8Array', 'isArrayBuffer', 'isAnyArrayBuffer', 'isDataView', 'isNativeError', 'isAsyncFunction', 'isGeneratorFunction', 'isBoxedPrimitive', 'isNumberObject', 'isWeakMap', 'isMapIterator', 'isArgumentsObject', 'isSymbolObject'].map((name) => [name, [
    new Date(), /x/, new Map(), new Set(), Promise.resolve(), new Uint8Array(1), new Float64Array(1), new ArrayBuffer(1), new DataView(new ArrayBuffer(1)), new TypeError('x'), async () => {}, function* generate() {}, Object(1), Object('s'), new WeakMap(),
    new Map().keys(), (function given() { return arguments; })(), Object(Symbol('x')), {}, [], null, undefined, 1, 'text', { __proto__: Date.prototype }, { then() {} }, Buffer.from('x'),
  ].map((value) => (types[name](value) ? 1 : 0)).join('')])),
  'the rest': () => [stripVTControlCharacters('\u001b[31mred\u001b[0m'), util.toUSVString('a\ud800'), util.isArray([]), util.TextEncoder === TextEncoder, util.TextDecoder === TextDecoder],
};
