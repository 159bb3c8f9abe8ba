import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { failure, onBoth, setUpCrm, start } from '../harness.mjs';

onBoth('proxy', (database) => {
    let server;
    let upstream;
    let attempts = 0;
    const mirror = ({ method, url, headers, raw }) => [200, { method, url, headers, body: raw.toString('utf8') }];
    before(async () => {
        ({ server, upstream } = await start(database, {
            '*': mirror,
            'GET /missing': () => [404, { message: 'no' }, { 'x-request-id': 'r1' }],
            'POST /made': () => [201, { made: true }],
            'DELETE /gone': () => [204],
            'GET /flaky': () => (attempts++ < 2 ? [503, { wait: true }, { 'retry-after': '0' }] : [200, { ok: true }]),
            'GET /big': () => [200, Buffer.alloc(30_000_000, 7), { 'content-type': 'application/octet-stream', 'content-disposition': 'attachment' }],
        }));
        await setUpCrm(server, upstream, { 'customer-a': undefined });
    });
    const target = { providerConfigKey: 'crm', connectionId: 'customer-a' };

    test('requests carry the credentials and nothing of the caller', async () => {
        const { data } = await server.nango.get({ ...target, endpoint: '/a/b?x=1', params: { y: '2' }, headers: { 'X-Custom': 'yes' } });
        assert.equal(data.headers.authorization, 'Bearer key-of-customer-a');
        assert.equal(data.headers['x-custom'], 'yes');
        assert.equal(data.headers['connection-id'], undefined);
        assert.equal(data.headers['provider-config-key'], undefined);
        const url = new URL(data.url, 'http://x');
        assert.deepEqual([url.pathname, url.searchParams.get('x'), url.searchParams.get('y')], ['/a/b', '1', '2']);
    });

    test('every method and body passes', async () => {
        for (const method of ['post', 'put', 'patch', 'delete']) {
            const { data } = await server.nango[method]({ ...target, endpoint: '/thing', data: { hello: 'wörld' }, retries: 1 });
            assert.deepEqual([data.method, JSON.parse(data.body)], [method.toUpperCase(), { hello: 'wörld' }], method);
        }
        const text = await server.nango.post({ ...target, endpoint: '/thing', data: '<a/>', headers: { 'Content-Type': 'text/xml' } });
        assert.deepEqual([text.data.body, text.data.headers['content-type']], ['<a/>', 'text/xml']);
    });

    test("the provider's status, headers and body come back as they are", async () => {
        assert.equal((await server.nango.post({ ...target, endpoint: '/made', data: {} })).status, 201);
        assert.equal((await server.nango.delete({ ...target, endpoint: '/gone' })).status, 204);
        const missing = await server.nango.get({ ...target, endpoint: '/missing' }).catch((error) => error.response);
        assert.deepEqual([missing.status, missing.data, missing.headers['x-request-id']], [404, { message: 'no' }, 'r1']);
        const big = await server.nango.get({ ...target, endpoint: '/big', responseType: 'arraybuffer' });
        assert.equal(big.data.byteLength, 30_000_000);
    });

    test('retries wait as they are told', async () => {
        attempts = 0;
        const { data } = await server.nango.get({ ...target, endpoint: '/flaky', retries: 3 });
        assert.deepEqual([data, attempts], [{ ok: true }, 3]);
    });

    test('a base URL override is used and guarded', async () => {
        const { data } = await server.nango.get({ ...target, endpoint: '/x', baseUrlOverride: `${upstream.url}/prefix` });
        assert.equal(data.url, '/prefix/x');
        const refused = await failure(server.nango.get({ ...target, endpoint: '/latest/meta-data', baseUrlOverride: 'http://169.254.169.254' }));
        assert.deepEqual([refused.status, refused.code], [400, 'base_url_override_not_allowed']);
    });

    test('what is missing or malformed is named', async () => {
        const cases = [
            [{ 'connection-id': 'customer-a' }, 400, 'invalid_headers'],
            [{ 'provider-config-key': 'crm' }, 400, 'invalid_headers'],
            [{ 'provider-config-key': 'nothing', 'connection-id': 'customer-a' }, 404, 'unknown_provider_config'],
            [{ 'provider-config-key': 'crm', 'connection-id': 'nobody' }, 400, 'server_error'],
            [{ 'provider-config-key': 'crm', 'connection-id': 'customer-a', retries: 'x' }, 400, 'invalid_headers'],
        ];
        for (const [headers, status, code] of cases) {
            const answer = await server.call('GET', '/proxy/x', { headers });
            assert.deepEqual([answer.status, answer.body.error?.code], [status, code], JSON.stringify(headers));
        }
    });
});
