import assert from 'node:assert/strict';
import test from 'node:test';
import { answering, boot } from './support/engine.js';

const failure = async (code, options) => (await boot(options)).failure(code);
/** The failure without its stacks, which name lines of this file. */
const plain = ({ stack, payload: { stacktrace, ...payload }, ...rest }) => ({ ...rest, payload });

test('an ActionError keeps its payload', async () => {
  for (const [payload, expected, message] of [
    ["{ type: 'not_found', message: 'No such contact', id: 7 }", { type: 'not_found', message: 'No such contact', id: 7 }, 'No such contact'],
    ["{ type: 'x' }", { type: 'x' }, ''],
    ["'just text'", { message: 'just text' }, 'just text'],
    ['42', { message: 42 }, '42'],
    ['', {}, ''],
    ['null', {}, ''],
    ["[{ message: 'a' }]", [{ message: 'a' }], ''],
  ]) {
    const thrown = await failure(`throw new nango.ActionError(${payload})`);
    assert.deepEqual([thrown.code, thrown.status, thrown.payload, thrown.message], ['action_script_runtime_error', 500, expected, message], payload);
  }
});

test('an ActionError is an Error that can be caught, subclassed and told apart', async () => {
  const engine = await boot();
  assert.deepEqual(await engine.action(`
    const { ActionError } = nango;
    class Own extends ActionError {}
    const error = new Own({ message: 'm', a: 1 });
    return [error instanceof Error, error instanceof ActionError, error.message, error.payload.a, error.type, String(error)];
  `), [true, true, 'm', 1, 'action_script_runtime_error', 'ActionError: m']);
});

test("the provider's failure is a 424 with its body", async () => {
  const headers = [['content-type', 'application/json'], ['X-RateLimit-Remaining', '0'], ['set-cookie', 'secret=1'], ['server', 'x']];
  const kept = { 'content-type': 'application/json', 'x-ratelimit-remaining': '0' };
  for (const [answer, payload, body] of [
    [{ json: { error: 'gone' } }, { error: 'gone' }, { error: 'gone' }],
    [{ json: { payload: { deep: 1 }, other: 2 } }, { deep: 1 }, { payload: { deep: 1 }, other: 2 }],
    [{ json: { payload: 'text' } }, { message: 'text' }, { payload: 'text' }],
    [{ body: 'plain text' }, { message: 'plain text' }, 'plain text'],
    [{ body: undefined }, { message: 'Request failed with status code 404' }, ''],
    [{ json: [1] }, [1], [1]],
  ]) {
    const thrown = await failure("await nango.get({ endpoint: '/' })", { host: answering({ status: 404, headers, ...answer }) });
    assert.deepEqual(thrown.upstream, { status: 404, headers: kept, body, method: 'GET' });
    assert.deepEqual([thrown.code, thrown.status, thrown.message, thrown.payload], ['script_http_error', 424, 'Request failed with status code 404', payload]);
  }
});

test('a failure asked for as bytes is still readable', async () => {
  const thrown = await failure("await nango.get({ endpoint: '/', responseType: 'arraybuffer' })", { host: answering({ status: 500, json: { why: 1 } }) });
  assert.deepEqual([thrown.payload, thrown.upstream.body], [{ why: 1 }, { why: 1 }]);
});

test('no answer, refusals, and the codes of the host', async () => {
  const get = "await nango.get({ endpoint: '/' })";
  const refusing = (refusal) => ({ host: () => { throw refusal; } });
  assert.deepEqual(plain(await failure(get, refusing({ code: 'ETIMEDOUT', message: 'too slow' }))), {
    code: 'script_network_error', status: 500, message: 'too slow', payload: { name: 'AxiosError', message: 'too slow', code: 'ETIMEDOUT' },
  });
  for (const [code, status] of [['script_aborted', 410], ['execution_timeout', 500], ['unknown_provider', 500], ['script_api_rate_limit_error', 424]]) {
    assert.deepEqual(plain(await failure(get, refusing({ code, message: 'm', payload: { a: 1 } }))), { code, status, message: 'm', payload: { a: 1 } });
  }
});

test('anything else that is thrown is an internal error', async () => {
  for (const [thrown, message, payload] of [
    ["new TypeError('bad')", 'bad', { name: 'TypeError', message: 'bad' }],
    ["Object.assign(new Error('m'), { code: 'E1' })", 'm', { name: 'Error', message: 'm', code: 'E1' }],
    ["'text'", 'text', { name: 'Error', message: 'text' }],
    ['0', '0', { name: 'Error', message: '0' }],
    ['undefined', '', { name: 'Error', message: '' }],
    ['null', '', { name: 'Error', message: '' }],
    ["{ message: 'm' }", 'm', { name: 'Error', message: 'm' }],
    ['{ a: 1 }', '{"a":1}', { name: 'Error', message: '{"a":1}' }],
    ["Symbol('s')", 'Symbol(s)', { name: 'Error', message: 'Symbol(s)' }],
    ['10n', '10', { name: 'Error', message: '10' }],
  ]) {
    assert.deepEqual(plain(await failure(`throw ${thrown}`)), { code: 'script_internal_error', status: 500, message, payload }, thrown);
  }
});

test('the stack has the frames of the function only, ten lines at most in the payload', async () => {
  const described = await failure(`
    const deep = (n) => { if (n === 0) throw new Error('deep'); deep(n - 1); };
    deep(12);
  `);
  assert.match(described.stack, /function\.js:\d+/);
  assert.doesNotMatch(described.stack, /bespoke:/);
  assert.equal(described.payload.stacktrace.length, 10);
});

test('a failed call points to the line of the function that made it', async () => {
  const missing = { host: answering({ status: 404, json: {} }) };
  const refusing = { host: () => { throw { code: 'ECONNRESET', message: 'm' }; } };
  const get = "await nango.get({ endpoint: '/' })";
  for (const [code, options] of [[get, missing], [get, refusing], ['await nango.getConnection()', refusing], ["for await (const page of nango.paginate({ endpoint: '/', paginate: { type: 'offset', offset_name_in_request: 'o' } })) ;", missing]]) {
    assert.match((await failure(`\n\n\n${code}`, options)).stack, /^at (Object\.)?exec \(function\.js:4:/, code);
  }
  assert.match((await (await boot(refusing)).failure("\n\n\nawait nango.batchSave([{ id: '1' }], 'M')", 'sync')).stack, /^at (Object\.)?exec \(function\.js:4:/);
});

test('errors that cannot be turned into JSON do not break the report', async () => {
  for (const [thrown, payload] of [
    ['const a = { n: 1n }; a.self = a; throw new nango.ActionError(a)', { n: '1', self: '[Circular]' }],
    ["throw new nango.ActionError({ get bad() { throw 1 }, ok: 1 })", { ok: 1 }],
    ["throw new nango.ActionError({ toJSON() { throw new Error('no') }, ok: 1 })", { ok: 1 }],
    ['throw new nango.ActionError({ e: new Error("inner"), x: 1n })', { e: { name: 'Error', message: 'inner' }, x: '1' }],
  ]) assert.deepEqual((await failure(thrown)).payload, payload, thrown);
  for (const thrown of [
    "new Proxy({}, { get() { throw new Error('trap') }, ownKeys() { throw new Error('trap') }, getPrototypeOf() { throw new Error('trap') } })",
    "Object.defineProperty(new Error(), 'message', { get() { throw 1 } })",
    "Object.assign(new Error('m'), { name: { toString() { throw 1 } } })",
    "{ isAxiosError: true, response: { headers: 5, data: Symbol() } }",
    '{ isAxiosError: true, response: new Proxy({}, { get() { throw 1 } }) }',
    "{ type: 'action_script_runtime_error', payload: () => {} }",
    'Object.create(null)',
  ]) assert.match((await failure(`throw ${thrown}`)).code, /^(script|action)_/, thrown);
});

test('large payloads lose their large values only', async () => {
  const { payload } = await failure("throw new nango.ActionError({ message: 'm', list: Array.from({ length: 50_000 }, () => 'item'), text: 'x'.repeat(200_000), last: 1 })");
  assert.equal(payload.message, 'm');
  assert.equal(payload.last, 1);
  assert.equal(payload.text.length, 901);
  assert.match(payload._truncated, /1 large value/);
  assert.ok(JSON.stringify(payload).length < 99_000);
});

test('outputs', async () => {
  const engine = await boot();
  for (const [output, expected] of [['undefined', null], ['null', null], ['0', 0], ['false', false], ["''", ''], ['[]', []], ['() => {}', null], ['new Date(0)', '1970-01-01T00:00:00.000Z']]) {
    assert.deepEqual(await engine.action(`return ${output}`), expected, output);
  }
  assert.match((await engine.failure('return 1n')).message, /cannot be turned into JSON/);
  assert.match((await engine.failure('const a = []; a[0] = a; return a')).message, /cannot be turned into JSON/);
});

test('inputs', async () => {
  const engine = await boot();
  for (const [input, expected] of [[null, {}], [{ a: 1 }, { a: 1 }], [[1], [1]], ['text', 'text'], [0, 0], [false, false], ['', '']]) {
    assert.deepEqual(await engine.action('return input', input), expected);
  }
});

test('each kind of function has its own entry', async () => {
  const engine = await boot();
  const seen = (code) => `export default { ${code} }`;
  assert.equal(await engine.run('sync', seen("type: 'sync', exec: async (nango, ...rest) => { if (rest.length) throw 1; return 'ignored' }")), true);
  assert.equal(await engine.run('on-event', seen("type: 'onEvent', exec: async (nango) => { if (nango.scriptType !== 'on-event') throw 1 }")), null);
  assert.equal(await engine.run('webhook', seen("type: 'sync', exec() {}, async onWebhook(nango, payload) { if (payload.a !== 1 || nango.scriptType !== 'webhook') throw 1 }"), { a: 1 }), null);
  assert.deepEqual(await engine.run('script', 'export default (input) => ({ got: input })', [1]), { got: [1] });
  const message = async (kind, code) => (await engine.failure(code, kind)).message;
  assert.match(await message('sync', seen("type: 'action', exec() {}")), /Incorrect script loaded for "contacts": expected a function of type sync, found action/);
  assert.match(await message('webhook', seen("type: 'sync', exec() {}")), /has no onWebhook/);
  assert.match(await message('action', 'export default 5'), /must export/);
});

test('an error in a timer ends the run', async () => {
  assert.equal((await failure("setTimeout(() => { throw new Error('later') }, 1); await new Promise(() => {})")).message, 'later');
  assert.equal((await failure("queueMicrotask(() => { throw new Error('soon') }); await new Promise(() => {})")).message, 'soon');
});
