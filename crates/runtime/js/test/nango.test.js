import assert from 'node:assert/strict';
import test from 'node:test';
import { boot, CONTEXT } from './support/engine.js';

const output = async (code, options, kind = 'action') => {
  const engine = await boot(options);
  return engine.run(kind, `let result; export default { exec: async (nango, input) => { ${code} } }`);
};

test('properties', async () => {
  assert.deepEqual(await output('const { connectionId, providerConfigKey, provider, environmentId, environmentName, activityLogId, syncId, scriptType, isCLI, logger } = nango; return { connectionId, providerConfigKey, provider, environmentId, environmentName, activityLogId, syncId, scriptType, isCLI, logger }'), {
    connectionId: 'acme', providerConfigKey: 'crm', provider: 'hubspot', environmentId: 3, environmentName: 'dev', activityLogId: CONTEXT.run_id,
    syncId: CONTEXT.sync_id, scriptType: 'action', isCLI: false, logger: { level: 'debug' },
  });
});

test('record methods and sync properties are there for syncs and webhooks only', async () => {
  const names = ['batchSave', 'batchSend', 'batchUpdate', 'batchDelete', 'variant', 'lastSyncDate'];
  assert.deepEqual(await output(`return ${JSON.stringify(names)}.filter((name) => name in nango || nango[name] !== undefined)`), []);
  const engine = await boot();
  await engine.run('sync', `
    if (!${JSON.stringify(names)}.every((name) => name in nango)) throw new Error('missing');
    if (nango.variant !== 'base' || nango.lastSyncDate.getTime() !== Date.parse('${CONTEXT.last_sync_date}')) throw new Error('wrong');
  `);
});

test('the façade', async () => {
  const message = (code) => `try { ${code}; return 'nothing thrown' } catch (error) { return error.message }`;
  for (const name of ['nango', 'constructor', '__proto__', 'persistClient', 'integrationConfig']) {
    const refused = `Access to "${name}" is not allowed.`;
    assert.equal(await output(message(`nango['${name}']`)), refused);
    assert.equal(await output(message(`nango['${name}'] = 1`)), refused);
    assert.equal(await output(message(`Object.defineProperty(nango, '${name}', { value: 1 })`)), refused);
    assert.equal(await output(`return '${name}' in nango || Object.keys(nango).includes('${name}')`), false);
  }
  assert.match(await output(message('Object.setPrototypeOf(nango, {})')), /cannot be changed/);
  assert.deepEqual(await output(`
    nango.own = 1; nango.log = 'replaced';
    return [nango.own, nango.log, Object.getPrototypeOf(nango), typeof nango.toString, Object.keys(nango).includes('get'), nango.nothing ?? null];
  `), [1, 'replaced', null, 'undefined', true, null]);
});

test('methods can be taken off the object', async () => {
  const engine = await boot({ host: () => ({ head: { status: 200, headers: [] }, body: '[1]' }) });
  assert.deepEqual(await engine.action("const { get, log, getMetadata } = nango; await log('x'); return [(await get({ endpoint: '/' })).data, await getMetadata()]"), [[1], { team: 'blue' }]);
});

test('metadata is one snapshot, and own writes are seen at once', async () => {
  const engine = await boot({ host: (op, args, body) => ({ head: op === 'set_metadata' ? JSON.parse(body) : { team: 'blue', more: 1 } }) });
  assert.deepEqual(await engine.action(`
    const first = await nango.getMetadata();
    const same = first === await nango.getMetadata();
    const set = await nango.setMetadata({ team: 'red' });
    const second = await nango.getMetadata();
    const updated = await nango.updateMetadata({ more: 1 });
    return { first, same, second, third: await nango.getMetadata(), set: [set.status, set.data], updated: [updated.status, updated.data] };
  `), { first: { team: 'blue' }, same: true, second: { team: 'red' }, third: { team: 'blue', more: 1 }, set: [201, { team: 'red' }], updated: [200, { more: 1 }] });
  assert.deepEqual(engine.calls.map(({ op, body }) => [op, body]), [['set_metadata', '{"team":"red"}'], ['update_metadata', '{"more":1}']]);
  assert.equal(await output('return await nango.getMetadata()', { context: { metadata: null } }), null);
  assert.match((await (await boot()).failure('await nango.setMetadata(5)')).message, /must be an object/);
});

test('connections are fetched once, again after changes and when asked for', async () => {
  let asked = 0;
  const engine = await boot({ host: (op) => {
    if (op === 'http') return { head: { status: 401, headers: [] } };
    return op === 'get_connection' ? { head: { asked: ++asked } } : { head: {} };
  } });
  assert.deepEqual(await engine.action(`
    const seen = [];
    const ask = async (...args) => seen.push((await nango.getConnection(...args)).asked);
    await ask(); await ask(); await ask('crm', 'acme');
    await ask('crm', 'other');
    await ask(undefined, undefined, { forceRefresh: true });
    await ask(); await ask(undefined, undefined, { refreshToken: true });
    await nango.setMetadata({}); await ask();
    await nango.get({ endpoint: '/' }).catch(() => {}); await ask();
    return seen;
  `), [1, 1, 1, 2, 3, 3, 4, 5, 6]);
  assert.deepEqual(engine.calls.filter(({ op }) => op === 'get_connection').map(({ args }) => args).slice(0, 3), [
    { force_refresh: false, refresh_token: false }, { provider_config_key: 'crm', connection_id: 'other', force_refresh: false, refresh_token: false },
    { force_refresh: true, refresh_token: false },
  ]);
});

test('environment variables and other actions', async () => {
  const engine = await boot({ host: (op) => (op === 'trigger_action' ? { body: '{"ok":true}' } : { head: [{ name: 'A', value: 'b' }] }) });
  assert.deepEqual(await engine.action("return [await nango.getEnvironmentVariables(), await nango.triggerAction('p', 'c', 'do', { x: 1 }), await nango.triggerAction('p', 'c', 'do')]"), [[{ name: 'A', value: 'b' }], { ok: true }, { ok: true }]);
  assert.deepEqual(engine.calls.slice(1).map(({ args, body }) => [args, body]), [
    [{ provider_config_key: 'p', connection_id: 'c', action_name: 'do' }, '{"x":1}'], [{ provider_config_key: 'p', connection_id: 'c', action_name: 'do' }, 'null'],
  ]);
  const failing = await boot({ host: () => { throw { code: 'action_script_runtime_error', message: 'no', payload: { id: 1 } }; } });
  const { code, payload } = await failing.failure("await nango.triggerAction('p', 'c', 'do')");
  assert.deepEqual([code, payload], ['action_script_runtime_error', { id: 1 }]);
});

test('records go in chunks of 1000, without what the store added', async () => {
  const engine = await boot();
  await engine.run('sync', `
    const records = Array.from({ length: 2001 }, (_, id) => ({ id: String(id) }));
    records[1500]._nango_metadata = { cursor: 'x' };
    if (await nango.batchSave(records, 'Contact') !== true) throw new Error('not true');
    if (!records[1500]._nango_metadata) throw new Error('the record was changed');
    await nango.batchUpdate([{ id: '1', a: undefined }], 'Contact');
    await nango.batchDelete([{ id: '1' }], 'Contact');
    await nango.batchSave([], 'Contact'); await nango.batchSave(undefined, 'Contact'); await nango.batchSend(null, 'Contact');
  `);
  assert.deepEqual(engine.calls.map(({ op, args, body }) => [op, args.model, JSON.parse(body).length]), [
    ['save_records', 'Contact', 1000], ['save_records', 'Contact', 1000], ['save_records', 'Contact', 1], ['update_records', 'Contact', 1], ['delete_records', 'Contact', 1],
  ]);
  assert.deepEqual(JSON.parse(engine.calls[1].body)[500], { id: '1500' });
});

test('failing to save records', async () => {
  const failing = (code) => boot({ host: () => { throw { code, message: 'model X is unknown' }; } });
  const saved = "await nango.batchSave([{ id: '1' }], 'X')";
  const { code, message } = await (await failing('invalid_model')).failure(saved, 'sync');
  assert.deepEqual([code, message], ['script_internal_error', 'Failed to save records: model X is unknown']);
  assert.equal((await (await failing('script_aborted')).failure(saved, 'sync')).code, 'script_aborted');
  assert.match((await (await boot()).failure("await nango.batchSave({ id: 1 }, 'X')", 'sync')).message, /expected a list/);
  assert.match((await (await boot()).failure('await nango.batchSave([{ id: 1 }])', 'sync')).message, /model's name/);
});

test('log: message, details, level', async () => {
  const logged = async (call, context) => {
    const engine = await boot({ context });
    await engine.action(`await nango.log(${call})`);
    return engine.logs;
  };
  for (const [call, line] of [
    ["'hello'", { level: 'info', message: 'hello' }],
    ["'hello', { level: 'error' }", { level: 'error', message: 'hello' }],
    ["'hello', { a: 1 }", { level: 'info', message: 'hello', meta: { a: 1 } }],
    ["'hello', { a: 1 }, { level: 'verbose' }", { level: 'debug', message: 'hello', meta: { a: 1 } }],
    ["'hello', ['x', 'y'], { level: 'http' }", { level: 'info', message: 'hello', meta: { 0: 'x', 1: 'y' } }],
    ["'hello', 5", { level: 'info', message: 'hello', meta: { value: 5 } }],
    ["'hello', { level: 'nonsense' }", { level: 'info', message: 'hello' }],
    ['{ a: 1 }', { level: 'info', message: '{ a: 1 }' }],
    ["'hello', (() => { const a = {}; a.a = a; return a })()", { level: 'info', message: 'hello', meta: { a: '[Circular]' } }],
    ["'failed', new TypeError('bad')", { level: 'info', message: 'failed', meta: { name: 'TypeError', message: 'bad' } }],
    ["'failed', { error: Object.assign(new Error('bad'), { code: 5 }) }", { level: 'info', message: 'failed', meta: { error: { name: 'Error', message: 'bad', code: 5 } } }],
    ["'x'.repeat(20000)", { level: 'info', message: `${'x'.repeat(10_000)}…` }],
  ]) assert.deepEqual(await logged(call), [line], call);
  assert.deepEqual(await logged("'hello'", { logger_level: 'warn' }), []);
  assert.deepEqual(await logged("'hello', { level: 'error' }", { logger_level: 'off' }), []);
});

test('setLogger changes the level, except when logging is off', async () => {
  const engine = await boot({ context: { logger_level: 'error' } });
  await engine.action("nango.setLogger({ level: 'debug' }); await nango.log('seen', { level: 'debug' })");
  assert.equal(engine.logs.length, 1);
  const off = await boot({ context: { logger_level: 'off' } });
  await off.action("nango.setLogger({ level: 'debug' }); await nango.log('seen', { level: 'error' })");
  assert.equal(off.logs.length, 0);
});

test('zodValidateInput', async () => {
  const schema = "{ safeParse: (value) => value.ok ? { success: true, data: { ok: true } } : { success: false, error: { issues: [{ code: 'invalid_type', path: ['a', 0], message: 'Required' }] } } }";
  const engine = await boot();
  assert.deepEqual(await engine.action(`return await nango.zodValidateInput({ zodSchema: ${schema}, input })`, { ok: 1 }), { success: true, data: { ok: true } });
  const { code, payload } = await engine.failure(`await nango.zodValidateInput({ zodSchema: ${schema}, input: {} })`);
  assert.equal(code, 'action_script_runtime_error');
  assert.deepEqual(payload, { message: 'Invalid input provided', errors: [{ code: 'invalid_type', path: ['a', 0], message: 'Required' }] });
  assert.deepEqual(engine.logs.map(({ level, message }) => [level, message]), [['error', 'Invalid input provided at a.0: Required']]);
});

test('uncontrolledFetch: an URL or its text, and refusals', async () => {
  const engine = await boot({ host: () => ({ head: { status: 201, status_text: 'Made', url: 'https://example.com/', headers: [['content-type', 'application/json']] }, body: '{"a":1}' }) });
  assert.deepEqual(await engine.action(`
    const answer = await nango.uncontrolledFetch({ url: new URL('https://example.com'), method: 'POST', headers: { 'X-A': '1' }, body: 'b' });
    await nango.uncontrolledFetch({ url: 'https://example.com' });
    return [answer instanceof Response, answer.status, answer.statusText, await answer.json()];
  `), [true, 201, 'Made', { a: 1 }]);
  assert.deepEqual(engine.calls.map(({ op, args, body }) => [op, args.url, args.method, body]), [
    ['uncontrolled_fetch', 'https://example.com/', 'POST', Buffer.from('b')], ['uncontrolled_fetch', 'https://example.com/', 'GET', undefined],
  ]);
  const refusing = (code) => boot({ host: () => { throw { code, message: 'no' }; } });
  for (const code of ['url_not_allowed', 'too_many_redirects', 'invalid_redirect']) {
    const failure = await (await refusing(code)).failure("await nango.uncontrolledFetch({ url: 'https://example.com' })");
    assert.deepEqual([failure.code, failure.payload], ['action_script_runtime_error', { code, message: 'no' }]);
  }
  assert.equal(await output("return nango.uncontrolledFetch({ url: 'nowhere' }).catch((error) => error.payload.code)"), 'url_not_allowed');
  assert.notEqual((await (await refusing('ECONNRESET')).failure("await nango.uncontrolledFetch({ url: 'https://example.com' })")).code, 'action_script_runtime_error');
});
