import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { failure, onBoth, setUpCrm, start } from '../harness.mjs';

onBoth('connections, integrations and providers', (database) => {
    let server;
    let upstream;
    before(async () => {
        ({ server, upstream } = await start(database));
        await setUpCrm(server, upstream, { 'customer-a': { a: 1 } });
    });

    test('a connection is read with its credentials', async () => {
        const connection = await server.nango.getConnection('crm', 'customer-a');
        assert.equal(connection.connection_id, 'customer-a');
        assert.equal(connection.provider, 'test-crm');
        assert.deepEqual(connection.credentials, { type: 'API_KEY', apiKey: 'key-of-customer-a' });
        assert.deepEqual(connection.metadata, { a: 1 });
        assert.deepEqual(connection.errors, []);
        assert.match(connection.created_at, /^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}\+00:00$/);
        assert.deepEqual(await server.nango.getToken('crm', 'customer-a'), { type: 'API_KEY', apiKey: 'key-of-customer-a' });
    });

    test('connections of every kind are imported', async () => {
        const integration_config = { baseUrl: upstream.url };
        for (const [unique_key, provider] of [['basic', 'test-basic'], ['open', 'unauthenticated']]) {
            await server.must('POST', '/integrations', { body: { unique_key, provider, ...(provider === 'test-basic' ? { integration_config } : {}) } });
        }
        const credentials = { type: 'OAUTH2', client_id: 'id', client_secret: 'secret', scopes: 'a,b' };
        await server.must('POST', '/integrations', { body: { unique_key: 'oauth', provider: 'test-oauth', credentials } });
        const imported = [
            ['basic', { type: 'BASIC', username: 'u', password: '' }],
            ['oauth', { type: 'OAUTH2', access_token: 'token', refresh_token: 'again', expires_at: '2099-01-01T00:00:00.000Z' }],
            ['open', { type: 'NONE' }],
        ];
        for (const [provider_config_key, given] of imported) {
            const created = await server.call('POST', '/connections', { body: { provider_config_key, connection_id: 'imported', credentials: given, tags: { Team: 'x' } } });
            assert.equal(created.status, 201, JSON.stringify(created.body));
            assert.match(created.body.created_at, /Z$/);
            const read = await server.nango.getConnection(provider_config_key, 'imported');
            assert.deepEqual(read.tags, { team: 'x' });
            if (given.type === 'OAUTH2') {
                assert.equal(read.credentials.access_token, 'token');
                assert.equal(read.credentials.refresh_token, undefined);
                const full = await server.nango.getConnection(provider_config_key, 'imported', false, true);
                assert.equal(full.credentials.refresh_token, 'again');
                assert.equal(await server.nango.getToken('oauth', 'imported'), 'token');
            }
        }
        const generated = await server.must('POST', '/connections', { body: { provider_config_key: 'open', credentials: { type: 'NONE' } } });
        assert.match(generated.connection_id, /^[0-9a-f-]{36}$/);
        const wrong = await server.call('POST', '/connections', { body: { provider_config_key: 'crm', credentials: { type: 'BASIC', username: 'u', password: 'p' } } });
        assert.deepEqual([wrong.status, wrong.body.error.code], [400, 'invalid_body']);
    });

    test('connections are listed, searched, tagged and deleted', async () => {
        for (let index = 0; index < 5; index += 1) {
            const body = {
                provider_config_key: 'crm', connection_id: `listed-${index}`, credentials: { type: 'API_KEY', apiKey: 'k' },
                end_user: { id: `user-${index}`, email: `u${index}@example.com`, display_name: `User ${index}` }, tags: { region: index % 2 ? 'eu' : 'us' },
            };
            await server.must('POST', '/connections', { body });
        }
        const all = await server.nango.listConnections();
        assert.ok(all.connections.length >= 6);
        assert.ok(all.connections.every((connection) => !('credentials' in connection)));
        const found = await server.nango.listConnections({ search: 'USER 3' }).catch(() => server.nango.listConnections(undefined, 'USER 3'));
        assert.ok(found.connections.some(({ connection_id }) => connection_id === 'listed-3'));
        const tagged = await server.nango.listConnections({ tags: { region: 'eu' } });
        assert.deepEqual(tagged.connections.map(({ connection_id }) => connection_id).sort(), ['listed-1', 'listed-3']);
        const paged = await server.nango.listConnections({ integrationId: 'crm', limit: 2, page: 1 });
        assert.equal(paged.connections.length, 2);
        const byUser = await server.nango.listConnections({ userId: 'user-2' });
        assert.deepEqual(byUser.connections.map(({ connection_id }) => connection_id), ['listed-2']);
        await server.nango.patchConnection({ connectionId: 'listed-1', provider_config_key: 'crm' }, { tags: { region: 'apac' } });
        assert.equal((await server.nango.listConnections({ tags: { region: 'eu' } })).connections.length, 1);
        await server.nango.deleteConnection('crm', 'listed-1');
        const gone = await failure(server.nango.getConnection('crm', 'listed-1'));
        assert.deepEqual([gone.status, gone.code], [404, 'not_found']);
        const again = await failure(server.nango.deleteConnection('crm', 'listed-1'));
        assert.deepEqual([again.status, again.code], [400, 'unknown_connection']);
    });

    test('integrations are made, read, changed and deleted', async () => {
        const made = await server.nango.createIntegration({ provider: 'test-basic', unique_key: 'temporary', display_name: 'Temporary' });
        assert.equal(made.data.unique_key, 'temporary');
        assert.ok((await server.nango.listIntegrations()).configs.some(({ unique_key }) => unique_key === 'temporary'));
        const read = await server.nango.getIntegration({ uniqueKey: 'temporary' });
        assert.equal(read.data.display_name, 'Temporary');
        const changed = await server.nango.updateIntegration({ uniqueKey: 'temporary' }, { display_name: 'Other' });
        assert.equal(changed.data.display_name, 'Other');
        const twice = await failure(server.nango.createIntegration({ provider: 'test-basic', unique_key: 'temporary' }));
        assert.deepEqual([twice.status, twice.code], [400, 'invalid_body']);
        const unknown = await failure(server.nango.createIntegration({ provider: 'no-such', unique_key: 'x' }));
        assert.deepEqual(unknown.error.errors[0].path, ['provider']);
        await server.nango.deleteIntegration('temporary');
        assert.equal((await failure(server.nango.getIntegration({ uniqueKey: 'temporary' }))).code, 'not_found');
    });

    test('providers are listed and read', async () => {
        const { data } = await server.nango.listProviders({ search: 'hubspot' });
        assert.ok(data.some(({ name, logo_url }) => name === 'hubspot' && logo_url));
        assert.equal((await server.nango.getProvider({ provider: 'hubspot' })).data.auth_mode, 'OAUTH2');
        assert.equal((await failure(server.nango.getProvider({ provider: 'nothing' }))).code, 'not_found');
    });

    test('an environment does not see the rows of another', async () => {
        assert.deepEqual((await server.prod.listConnections()).connections, []);
        assert.deepEqual((await server.prod.listIntegrations()).configs, []);
        const read = await failure(server.prod.getConnection('crm', 'customer-a'));
        assert.equal(read.status, 400);
    });

    test('environment variables are set and read', async () => {
        await server.must('PUT', '/environment-variables/API_BASE', { body: { value: 'https://x' } });
        assert.deepEqual(await server.nango.getEnvironmentVariables(), [{ name: 'API_BASE', value: 'https://x' }]);
        assert.deepEqual(await server.prod.getEnvironmentVariables(), []);
    });

    test('what the operator asks is answered without a key', async () => {
        const health = await server.call('GET', '/health', { key: null });
        assert.deepEqual([health.status, health.body], [200, { result: 'ok' }]);
        assert.equal((await server.call('GET', '/ready', { key: null })).status, 200);
        const limited = await server.call('GET', '/integrations');
        for (const name of ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset']) assert.ok(Number(limited.headers.get(name)) > 0, name);
        const nowhere = await server.call('GET', '/nowhere');
        assert.deepEqual([nowhere.status, nowhere.body.error.code], [404, 'not_found']);
    });
});
