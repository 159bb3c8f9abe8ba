import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Nango } from '@nangohq/node';
import { allRecords, onBoth, setUpCrm, start, startUpstream, until } from '../harness.mjs';

onBoth('webhooks and events', (database) => {
    let server;
    let upstream;
    let backend;
    let environment;
    let signingKey;
    before(async () => {
        backend = await startUpstream({ '*': async () => [200, {}] });
        const ok = async () => [200, {}];
        ({ server, upstream } = await start(database, { 'POST /greetings': ok, 'POST /farewells': ok }, {
            BESPOKE_OUTBOUND_ALLOW: '127.0.0.1',
        }));
        await setUpCrm(server, upstream, {});
        await server.deploy('webhooks');
        const settings = await server.must('PATCH', '/environment/webhooks', { body: { primary_url: `${backend.url}/hook` } });
        signingKey = settings.data.webhook_signing_key;
        const { data } = await server.must('GET', '/integrations/crm?include=webhook');
        environment = data.webhook_url.split('/webhook/')[1].split('/')[0];
    });

    after(() => backend.close());

    const connect = (connection_id, apiKey = `key-of-${connection_id}`) =>
        server.call('POST', '/connections', { body: { provider_config_key: 'crm', connection_id, credentials: { type: 'API_KEY', apiKey } } });
    const send = (key, body, headers = {}) => server.call('POST', `/webhook/${environment}/${key}`, { key: null, body, headers });
    const told = (wanted) => until('the backend to be told', () => backend.seen.find((call) => wanted(JSON.parse(call.raw))));

    test('the official client verifies what the backend is told', async () => {
        assert.equal((await connect('customer-a')).status, 201);
        const call = await told(({ type, connectionId }) => type === 'auth' && connectionId === 'customer-a');
        const body = call.raw.toString();
        const client = new Nango({ host: server.url, secretKey: server.keys.dev, webhookSigningKey: signingKey });
        assert.equal(client.verifyIncomingWebhookRequest(body, call.headers), true);
        assert.equal(client.verifyIncomingWebhookRequest(body.replace('customer-a', 'customer-b'), call.headers), false);
        const legacy = new Nango({ host: server.url, secretKey: signingKey });
        assert.equal(legacy.verifyWebhookSignature(call.headers['x-nango-signature'], JSON.parse(body)), true);
    });

    test('functions follow a creation, judge credentials and clean up before a deletion', async () => {
        await until('the greeting', () => upstream.seen.some(({ path, raw }) => path === '/greetings' && JSON.parse(raw).to === 'customer-a'));
        const rejected = await connect('nobody');
        assert.deepEqual([rejected.status, rejected.body.error.code, rejected.body.error.message], [400, 'connection_validation_failed', 'The CRM does not know this key.']);
        assert.equal((await server.call('GET', '/connections/nobody?provider_config_key=crm')).status, 404);
        assert.equal((await connect('customer-a', 'key-of-nobody')).status, 400);
        assert.equal((await server.nango.getConnection('crm', 'customer-a')).credentials.apiKey, 'key-of-customer-a');
        assert.equal((await connect('leaver')).status, 201);
        await server.nango.deleteConnection('crm', 'leaver');
        assert.ok(upstream.seen.some(({ path, raw }) => path === '/farewells' && JSON.parse(raw).to === 'leaver'));
    });

    test('a webhook runs its function with retries and in order, is told and forwarded', async () => {
        for (const [id, name] of [['1', 'flaky'], ['2', 'steady']]) {
            assert.equal((await send('crm', { type: 'contact.changed', connectionId: 'customer-a', id, name })).status, 200);
        }
        await told(({ type, syncType, responseResults }) => type === 'sync' && syncType === 'WEBHOOK' && responseResults?.added === 1);
        const records = await until('both contacts', async () => {
            const found = await allRecords(server, 'customer-a', 'Contact', { key: 'crm' });
            return found.length === 2 && found;
        });
        assert.deepEqual(records.map(({ name }) => name).sort(), ['flaky', 'steady']);
        const { seen } = await server.nango.getMetadata('crm', 'customer-a');
        assert.deepEqual(seen, ['1', '1', '2']);
        const forwarded = await told(({ type, payload }) => type === 'forward' && payload.id === '2');
        assert.equal(JSON.parse(forwarded.raw).connectionId, 'customer-a');
    });

    test('what was acknowledged survives kill -9', async () => {
        assert.equal((await send('crm', { type: 'contact.changed', connectionId: 'customer-a', id: '3', name: 'late' })).status, 200);
        await server.kill();
        await server.start();
        await until('the contact', async () => (await allRecords(server, 'customer-a', 'Contact', { key: 'crm' })).length === 3);
    });

    test('a provider that signs is believed only when it does', async () => {
        const credentials = { type: 'OAUTH2', client_id: 'id', client_secret: 'secret', scopes: '', webhook_secret: 'hush' };
        await server.must('POST', '/integrations', { body: { unique_key: 'github', provider: 'github', credentials } });
        const body = { action: 'opened' };
        const signature = `sha256=${createHmac('sha256', 'hush').update(JSON.stringify(body)).digest('hex')}`;
        const good = await send('github', body, { 'x-hub-signature-256': signature, 'x-github-event': 'issues' });
        assert.deepEqual([good.status, good.body], [200, { status: 'success' }]);
        const bad = await send('github', body, { 'x-hub-signature-256': signature.replace(/.$/, 'x'), 'x-github-event': 'issues' });
        assert.deepEqual([bad.status, bad.body.error.code], [401, 'webhook_invalid_signature']);
        await told(({ action }) => action === 'opened');
    });
});
