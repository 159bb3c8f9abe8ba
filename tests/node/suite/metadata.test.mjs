import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { failure, onBoth, setUpCrm, start } from '../harness.mjs';

// With nothing declared, no mode makes a difference.
for (const mode of ['off', 'warn', 'enforce']) onBoth(`connection metadata, mode ${mode}`, (database) => {
    let server;
    before(async () => {
        const started = await start(database);
        ({ server } = started);
        await setUpCrm(server, started.upstream, { 'customer-a': { a: 1 }, 'customer-b': undefined, many: undefined });
        const set = await server.call('PUT', '/integrations/crm/metadata/schema', { body: { mode } });
        assert.deepEqual([set.status, set.body.mode, set.body.schema], [200, mode, null]);
    });

    test('the official client sets, reads and updates it', async () => {
        const set = await server.nango.setMetadata('crm', 'customer-a', { z: 1, a: { x: 1, y: [1] }, gone: null });
        assert.equal(set.status, 201);
        assert.deepEqual(set.data, { connection_id: 'customer-a', provider_config_key: 'crm', metadata: { z: 1, a: { x: 1, y: [1] }, gone: null } });
        const updated = await server.nango.updateMetadata('crm', 'customer-a', { a: { only: true }, b: null });
        assert.equal(updated.status, 200);
        assert.equal(JSON.stringify(await server.nango.getMetadata('crm', 'customer-a')), '{"z":1,"a":{"only":true},"gone":null,"b":null}');
    });

    test('many connections are written all or not at all', async () => {
        const set = await server.nango.setMetadata('crm', ['customer-a', 'customer-b'], { both: 1 });
        assert.deepEqual(set.data.connection_id, ['customer-a', 'customer-b']);
        assert.deepEqual(await server.nango.getMetadata('crm', 'customer-b'), { both: 1 });
        for (const method of ['setMetadata', 'updateMetadata']) {
            const refused = await failure(server.nango[method]('crm', ['customer-a', 'nobody'], { both: 2 }));
            assert.deepEqual([refused.status, refused.code], [404, 'unknown_connection']);
        }
        assert.deepEqual(await server.nango.getMetadata('crm', 'customer-a'), { both: 1 });
    });

    test('every alias does the same', async () => {
        const connection = { 'provider-config-key': 'crm' };
        const wrapped = (metadata) => ({ connection_id: 'customer-b', provider_config_key: 'crm', metadata });
        const cases = [
            ['POST', '/connection/metadata', wrapped({ one: 1 }), {}, 201, { one: 1 }],
            ['PATCH', '/connection/metadata', wrapped({ two: 2 }), {}, 200, { one: 1, two: 2 }],
            ['POST', '/connection/customer-b/metadata', { three: 3 }, connection, 201, { three: 3 }],
            ['PATCH', '/connection/customer-b/metadata?provider_config_key=crm', { four: 4 }, {}, 200, { three: 3, four: 4 }],
            ['POST', '/CONNECTIONS/Metadata/', wrapped({ five: 5 }), {}, 201, { five: 5 }],
        ];
        for (const [method, path, body, headers, status, stored] of cases) {
            const answer = await server.call(method, path, { body, headers });
            assert.equal(answer.status, status, path);
            assert.deepEqual(answer.body, body, path);
            assert.deepEqual(await server.nango.getMetadata('crm', 'customer-b'), stored, path);
        }
    });

    test('what is wrong is named', async () => {
        const body = { connection_id: 'customer-a', provider_config_key: 'crm', metadata: { a: 1 } };
        const cases = [
            [{ body: { ...body, metadata: null } }, 400, 'invalid_body', ['metadata']],
            [{ body: { ...body, metadata: [1] } }, 400, 'invalid_body', ['metadata']],
            [{ body: { ...body, metadata: 'text' } }, 400, 'invalid_body', ['metadata']],
            [{ body: { ...body, extra: 1 } }, 400, 'invalid_body', []],
            [{ body: { provider_config_key: 'crm', metadata: {} } }, 400, 'invalid_body', ['connection_id']],
            [{ body: { ...body, connection_id: 'nobody' } }, 404, 'unknown_connection'],
            [{ body: { ...body, provider_config_key: 'nothing' } }, 404, 'unknown_connection'],
            [{ raw: '{"a":', headers: { 'content-type': 'application/json' } }, 400, 'invalid_json'],
            [{ raw: 'a=1', headers: { 'content-type': 'text/plain' } }, 415, 'invalid_content_type'],
            [{ body, key: null }, 401, 'missing_auth_header'],
            [{ body, key: 'nonsense' }, 401, 'invalid_secret_key_format'],
            [{ body, key: 'a6fa1a8f-9d3e-4f4c-8b3b-2f1f7a9f6c11' }, 401, 'unknown_account'],
            [{ body, key: server.keys.prod }, 404, 'unknown_connection'],
        ];
        for (const [request, status, code, path] of cases) {
            const answer = await server.call('POST', '/connections/metadata', request);
            assert.deepEqual([answer.status, answer.body.error?.code], [status, code], JSON.stringify(request));
            if (path) assert.deepEqual(answer.body.error.errors[0].path, path, JSON.stringify(answer.body));
        }
        const query = await server.call('POST', '/connections/metadata?x=1', { body });
        assert.deepEqual([query.status, query.body.error.code], [400, 'invalid_query_params']);
    });

    test('a document over 1 MiB is refused and nothing is lost', async () => {
        await server.nango.setMetadata('crm', 'customer-a', { half: 'x'.repeat(600_000) });
        const refused = await failure(server.nango.updateMetadata('crm', 'customer-a', { other: 'y'.repeat(600_000) }));
        assert.deepEqual([refused.status, refused.code], [413, 'metadata_too_large']);
        assert.deepEqual(Object.keys(await server.nango.getMetadata('crm', 'customer-a')), ['half']);
    });

    test('1,000 concurrent updates of distinct keys leave 1,000 keys', async () => {
        await server.nango.setMetadata('crm', 'many', {});
        await Promise.all(Array.from({ length: 1000 }, (_, index) => server.nango.updateMetadata('crm', 'many', { [`key-${index}`]: index })));
        const stored = await server.nango.getMetadata('crm', 'many');
        assert.equal(Object.keys(stored).length, 1000);
        assert.ok(Object.entries(stored).every(([key, value]) => key === `key-${value}`));
    });
});
