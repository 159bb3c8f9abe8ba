import assert from 'node:assert/strict';
import test from 'node:test';
import { boot } from './support/engine.js';

/** What a function may do to the globals before it uses its tools. */
const TAMPERING = {
  'JSON': "JSON.stringify = () => { throw new Error('tampered') }; JSON.parse = JSON.stringify; globalThis.JSON = undefined;",
  'toJSON on the base prototypes': "for (const p of [Object, Array, String, Number, Function, Error]) p.prototype.toJSON = () => 'tampered';",
  'array methods': "for (const name of ['map', 'push', 'slice', 'join', 'filter', 'forEach', 'sort', 'splice', 'indexOf', 'includes', 'concat']) Array.prototype[name] = () => { throw new Error('tampered') };",
  'array iteration': "Array.prototype[Symbol.iterator] = function* () { throw new Error('tampered') };",
  'string methods': "for (const name of ['slice', 'split', 'trim', 'toLowerCase', 'toUpperCase', 'indexOf', 'startsWith', 'replaceAll', 'replace']) String.prototype[name] = () => { throw new Error('tampered') };",
  'object helpers': "for (const name of ['keys', 'assign', 'entries', 'create', 'hasOwn', 'defineProperty', 'getPrototypeOf']) Object[name] = () => { throw new Error('tampered') };",
  'map and set': "for (const name of ['get', 'set', 'has', 'clear', 'delete', 'forEach']) { Map.prototype[name] = Set.prototype[name] = () => { throw new Error('tampered') } }",
  'call, apply and bind': "for (const name of ['call', 'apply', 'bind']) Function.prototype[name] = () => { throw new Error('tampered') };",
  'constructors': "for (const name of ['String', 'Number', 'Promise', 'Map', 'Set', 'Error', 'TypeError', 'Uint8Array', 'Proxy', 'Date', 'Symbol', 'RegExp']) globalThis[name] = undefined;",
  'isArray, instanceof and regular expressions': "Array.isArray = () => true; Object.defineProperty(nango.ActionError, Symbol.hasInstance, { value: () => { throw new Error('tampered') } }); RegExp.prototype.exec = () => { throw new Error('tampered') };",
};

const host = (op, args, body) => {
  if (op === 'http') return { head: { status: args.endpoint === '/missing' ? 404 : 200, headers: [['content-type', 'application/json']] }, body: '{"items":[{"id":"1"}]}' };
  return { head: op === 'update_metadata' ? JSON.parse(body) : {} };
};

for (const [name, code] of Object.entries(TAMPERING)) {
  test(`${name}: the tools still work`, async () => {
    const engine = await boot({ host });
    await engine.run('sync', `${code}
      const answer = await nango.get({ endpoint: '/x', params: { a: 1 }, headers: { B: 2 } });
      await nango.post({ endpoint: '/x', data: '{"a":1}' });
      await nango.batchSave(answer.data.items, 'Contact');
      await nango.updateMetadata({ a: 1 });
      await nango.getConnection();
      await nango.log('line', undefined, { level: 'warn' });
      console.log('number', 1);
      clearTimeout(setTimeout(() => {}, 1));
    `);
    assert.deepEqual(engine.calls.map(({ op }) => op), ['http', 'http', 'save_records', 'update_metadata', 'get_connection']);
    assert.deepEqual([engine.calls[0].args.params, engine.calls[0].args.endpoint, engine.calls[2].args.model], [{ a: '1' }, '/x', 'Contact']);
    assert.deepEqual(engine.logs.map(({ message }) => message), ['line', 'number 1']);
  });

  test(`${name}: failures are still described`, async () => {
    const failure = async (body) => (await boot({ host })).failure(`${code} ${body}`);
    const { code: kind, payload } = await failure(`throw new nango.ActionError({ id: 7 })`);
    assert.equal(kind, 'action_script_runtime_error');
    if (!name.startsWith('toJSON')) assert.deepEqual(payload, { id: 7 });
    const { code: http, upstream } = await failure(`await nango.get({ endpoint: '/missing' })`);
    assert.equal(http, 'script_http_error');
    if (!name.startsWith('toJSON')) assert.equal(upstream.status, 404);
    assert.equal((await failure('null.x')).code, 'script_internal_error');
  });
}

test('the native object cannot be reached', async () => {
  const engine = await boot({ host });
  assert.deepEqual(await engine.action(`
    const found = [];
    const visited = new Set();
    const visit = (value, path) => {
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null || visited.has(value) || path.length > 6) return;
      visited.add(value);
      for (const key of Reflect.ownKeys(value)) {
        let inner;
        try { inner = value[key] } catch { continue }
        // A getter of a promise's class, asked on the prototype, gives a promise that is rejected.
        if (inner instanceof Promise) inner.then(undefined, () => {});
        if ((key === 'notify' && value !== Atomics) || key === 'setTimer' || key === 'hmac' || key === 'builtin') found.push([...path, String(key)].join('.'));
        visit(inner, [...path, String(key)]);
      }
      visit(Object.getPrototypeOf(value), [...path, '__proto__']);
    };
    // A thief that looks at everything that passes through the methods it can replace.
    const stolen = [];
    const { apply, ownKeys, getPrototypeOf } = Reflect;
    for (const target of [Object.prototype, Function.prototype, Array.prototype, Promise.prototype, Map.prototype]) {
      for (const key of Object.getOwnPropertyNames(target)) {
        const original = Object.getOwnPropertyDescriptor(target, key).value;
        if (typeof original !== 'function' || key === 'constructor') continue;
        target[key] = function () {
          stolen[stolen.length] = this;
          for (let i = 0; i < arguments.length; i++) stolen[stolen.length] = arguments[i];
          return apply(original, this, arguments);
        };
      }
    }
    Buffer.from('x').toString();
    await nango.get({ endpoint: '/' });
    setTimeout(() => {}, 1);
    new URL('https://a.b?c=d').searchParams.append('e', 'f');
    visit(globalThis, ['globalThis']); visit(nango, ['nango']); visit({ ...stolen }, ['stolen']);
    if (stolen.length < 10) throw new Error('the thief saw nothing');
    return found;
  `), []);
});

test('the frames of the runtime cannot be taken apart', async () => {
  const engine = await boot({ host });
  assert.deepEqual(await engine.action(`
    const seen = [];
    const hook = (error, sites) => { seen.push(sites); return sites };
    Error.prepareStackTrace = hook; TypeError.prepareStackTrace = hook;
    const redefined = Reflect.defineProperty(Error, 'prepareStackTrace', { value: hook });
    const thrown = await nango.get({ endpoint: '/missing' }).catch((error) => typeof error.stack);
    return [seen.length, redefined, thrown, typeof new Error().stack];
  `), [0, false, 'string', 'string']);
});

test('there is no text to code, and the built-in prototypes stay the function’s own', async () => {
  const engine = await boot();
  assert.deepEqual(await engine.action("const seen = []; for (const make of [() => eval('1'), () => new Function('return 1')()]) { try { make(); seen.push('ran') } catch (e) { seen.push(e.name) } } return seen"), ['EvalError', 'EvalError']);
});
