import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { failure, onBoth, setUpCrm, start, until } from '../harness.mjs';

onBoth('actions', (database) => {
    let server;
    let upstream;
    let release;
    before(async () => {
        const held = new Promise((done) => {
            release = done;
        });
        ({ server, upstream } = await start(database, {
            '*': ({ method, url, headers, raw }) => [200, { method, url, custom: headers['x-custom'] ?? null, body: raw.toString('utf8') }],
            'DELETE /mirror': () => [204],
            'GET /binary': () => [200, Buffer.from([0, 1, 254, 255])],
            'GET /teapot': () => [418, { message: 'short and stout' }, { 'x-rate-left': '3', 'set-cookie': 'no' }],
            'GET /hold': async () => {
                await held;
                return [200, {}];
            },
        }));
        await setUpCrm(server, upstream, { 'customer-a': { color: 'red' }, 'customer-b': { color: 'blue' }, writer: { a: 1 }, held: { v: 1 } });
        await server.must('POST', '/integrations', { body: { unique_key: 'hostile', provider: 'unauthenticated' } });
        await server.must('PUT', '/environment-variables/REGION', { body: { value: 'eu' } });
        await server.deploy();
    });
    const trigger = (connection, name, input) => server.nango.triggerAction('crm', connection, name, input);

    test('one action answers differently for each customer', async () => {
        for (const [customer, color] of [['customer-a', 'red'], ['customer-b', 'blue']]) {
            const answer = await trigger(customer, 'whoami', { greeting: 'hello' });
            assert.deepEqual(answer, { greeting: 'hello', connectionId: customer, metadata: { color }, key: `key-of-${customer}` });
        }
        await server.nango.updateMetadata('crm', 'customer-a', { color: 'green' });
        assert.deepEqual((await trigger('customer-a', 'whoami', { greeting: 'hello' })).metadata, { color: 'green' });
        await server.nango.setMetadata('crm', 'customer-a', { color: 'red' });
    });

    test('any JSON is answered as it is', async () => {
        for (const value of [{ a: [1, null, 'ä€😀'] }, [1, 2], 'text', 7, true]) assert.deepEqual(await trigger('customer-a', 'echo', value), value);
        for (const value of [0, false, '']) {
            const answer = await server.call('POST', '/action/trigger', {
                headers: { 'provider-config-key': 'crm', 'connection-id': 'customer-a' }, body: { action_name: 'echo', input: [value] },
            });
            assert.deepEqual([answer.status, answer.body], [200, [value]]);
        }
        assert.equal(await trigger('customer-a', 'nothing'), null);
    });

    test('every member and global works', async () => {
        const answer = await trigger('customer-a', 'members');
        assert.deepEqual({ ...answer, uuid: undefined }, {
            url: 'https://user:pw@example.com:8443/b?x=1&y=2&z=%C3%A4+%C3%B6#z',
            query: 'a=1&b=2',
            base64: 'Z3LDvMOfZQ==',
            utf8: '€',
            sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
            hmac: 'EEFSxc/eaVJ0b2lgVhT+1DYbyqM='.length ? answer.hmac : '',
            uuid: undefined,
            posted: { status: 200, data: { method: 'POST', url: '/mirror?p=1', custom: 'yes', body: '{"hello":"wörld"}' }, type: 'application/json' },
            put: { method: 'PUT', url: '/mirror', custom: null, body: 'plain' },
            removed: 204,
            patched: { method: 'PATCH', url: '/mirror', custom: null, body: '[1,2]' },
            binary: '0001feff',
            variables: [{ name: 'REGION', value: 'eu' }],
            environment: 'dev',
        });
        assert.match(answer.uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
        const { createHmac } = await import('node:crypto');
        assert.equal(answer.hmac, createHmac('sha1', 'key').update('data').digest('base64'));
    });

    test('errors are told as the contract has them', async () => {
        const thrown = await failure(trigger('customer-a', 'fail', { how: 'action-error' }));
        assert.deepEqual([thrown.status, thrown.code], [500, 'action_script_runtime_error']);
        assert.deepEqual(thrown.error.payload, { type: 'refused', message: 'not today', detail: { code: 7 } });
        const exploded = await failure(trigger('customer-a', 'fail', { how: 'explode' }));
        assert.deepEqual([exploded.status, exploded.code], [500, 'script_internal_error']);
        assert.match(JSON.stringify(exploded.error.payload), /crm\/actions\/fail\.ts:5:\d+/);
        assert.match(exploded.error.payload.message, /exploded/);
        assert.equal((await failure(trigger('customer-a', 'fail', { how: 'text' }))).code, 'script_internal_error');
        const upstreamError = await failure(trigger('customer-a', 'upstream-error', { endpoint: '/teapot' }));
        assert.deepEqual([upstreamError.status, upstreamError.code], [424, 'script_http_error']);
        assert.equal(upstreamError.error.upstream.status, 418);
        assert.deepEqual(upstreamError.error.upstream.body, { message: 'short and stout' });
        assert.equal(upstreamError.error.upstream.headers['x-rate-left'], '3');
        assert.equal(upstreamError.error.upstream.headers['set-cookie'], undefined);
        const invalid = await failure(trigger('customer-a', 'whoami', { greeting: 'x' }));
        assert.equal(invalid.code, 'action_script_runtime_error');
        assert.equal(invalid.error.payload.message, 'Invalid input provided');
    });

    test('what cannot start says why', async () => {
        assert.deepEqual((await failure(trigger('nobody', 'echo', {}))).code, 'unknown_connection');
        assert.equal((await failure(trigger('nobody', 'echo', {}))).status, 400);
        const missing = await failure(trigger('customer-a', 'no-such', {}));
        assert.deepEqual([missing.status, missing.code], [404, 'not_found']);
        const headers = await server.call('POST', '/action/trigger', { body: { action_name: 'echo' } });
        assert.deepEqual([headers.status, headers.body.error.code], [400, 'invalid_headers']);
        assert.deepEqual(headers.body.error.errors.map(({ path }) => path[0]).sort(), ['connection-id', 'provider-config-key']);
        assert.equal((await failure(server.prod.triggerAction('crm', 'customer-a', 'echo', {}))).status, 400);
    });

    test('actions call actions, but not for ever', async () => {
        assert.deepEqual(await trigger('customer-a', 'call-other', { name: 'echo', input: { deep: true } }), { answer: { deep: true } });
        const nested = { name: 'call-other', input: { name: 'call-other', input: { name: 'echo', input: 1 } } };
        assert.deepEqual(await trigger('customer-a', 'call-other', nested), { answer: { answer: { answer: 1 } } });
        const loop = { name: 'call-other' };
        let deep = loop;
        for (let level = 0; level < 12; level += 1) deep = { name: 'call-other', input: deep };
        assert.ok((await failure(trigger('customer-a', 'call-other', deep))).status >= 400);
    });

    test('a run sees its own writes at once and one snapshot otherwise', async () => {
        const answer = await trigger('writer', 'remember', { update: { b: 2 } });
        assert.deepEqual(answer, { before: { a: 1 }, during: { a: 1 }, after: { a: 1, b: 2 } });
        assert.deepEqual((await trigger('writer', 'remember', { set: { c: 3 } })).after, { c: 3 });
        assert.deepEqual(await server.nango.getMetadata('crm', 'writer'), { c: 3 });
        const running = trigger('held', 'remember', { wait: '/hold' });
        await until('the run to be under way', () => upstream.seen.some(({ path }) => path === '/hold'));
        await server.nango.setMetadata('crm', 'held', { v: 2 });
        release();
        assert.deepEqual(await running, { before: { v: 1 }, during: { v: 1 }, after: { v: 1 } });
        assert.deepEqual((await trigger('held', 'remember', {})).before, { v: 2 });
    });

    test('queued actions are asked for later', async () => {
        const queued = await server.nango.triggerActionAsync('crm', 'customer-a', 'echo', { later: 1 });
        assert.equal(queued.statusUrl, `/action/${queued.id}`);
        const result = await until('the result', () => server.nango.getAsyncActionResult({ id: queued.id }).catch(() => undefined));
        assert.deepEqual(result, { later: 1 });
        assert.equal((await failure(server.prod.getAsyncActionResult({ id: queued.id }))).status, 404);
        const failing = await server.nango.triggerActionAsync('crm', 'customer-a', 'fail', { how: 'action-error' });
        const failed = await until('the failure', async () => {
            const answer = await server.call('GET', failing.statusUrl);
            return answer.status !== 404 && answer;
        });
        assert.deepEqual([failed.status, failed.body.error.code, failed.body.error.payload.type], [500, 'action_script_runtime_error', 'refused']);
        assert.equal((await server.call('GET', '/action/not-a-uuid')).body.error.code, 'invalid_uri_params');
        assert.equal((await server.call('GET', '/action/a6fa1a8f-9d3e-4f4c-8b3b-2f1f7a9f6c11')).status, 404);
    });

    test('64 callers at once are all served', async () => {
        const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => trigger('customer-a', 'echo', { index })));
        assert.deepEqual(answers.map(({ index }) => index), Array.from({ length: 64 }, (_, index) => index));
    });
});
