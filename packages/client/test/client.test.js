import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { BespokeError, ConfigureSession, createClient, createConfigureSession } from '../src/index.js';

const asked = [];
let server, baseUrl;

before(async () => {
    server = createServer(async (request, response) => {
        let body = '';
        for await (const chunk of request) body += chunk;
        asked.push({ method: request.method, url: request.url, headers: request.headers, body: body && JSON.parse(body) });
        const answers = {
            'POST /configure/sessions': [201, { data: { token: 'bcs_x', configure_link: 'l', expires_at: 't' } }],
            'GET /configure/options?path=%2Fmap%2Fstage': [200, { data: [{ value: 'cf_1', label: 'Stage' }], loaded_at: 't' }],
            'PATCH /configure/metadata': [412, { error: { code: 'metadata_conflict', message: 'It has moved.', payload: { revision: 8 } } }],
        };
        const [status, answer] = answers[`${request.method} ${request.url}`] ?? [404, {}];
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
    baseUrl = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

test('a backend makes a session and its page uses it', async () => {
    const made = await createConfigureSession(createClient({ baseUrl, key: 'k' }), { connection_id: 'a', provider_config_key: 'crm' });
    assert.equal(made.token, 'bcs_x');
    assert.equal(asked.at(-1).headers.authorization, 'Bearer k');
    const session = new ConfigureSession({ baseUrl, token: made.token });
    assert.equal((await session.options('/map/stage')).data[0].value, 'cf_1');
    assert.equal(asked.at(-1).headers.authorization, 'Bearer bcs_x');
    await assert.rejects(session.save({ map: { stage: null } }, 7), (error) => {
        assert.ok(error instanceof BespokeError);
        assert.deepEqual([error.status, error.code, error.payload], [412, 'metadata_conflict', { revision: 8 }]);
        return true;
    });
    assert.deepEqual([asked.at(-1).headers['if-match'], asked.at(-1).body], ['"7"', { map: { stage: null } }]);
});
