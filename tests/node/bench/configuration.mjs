// What a schema, layers and previews cost.

import { setUpCrm } from '../harness.mjs';
import { describe, load, oneByOne, row } from './tools.mjs';

const text = { type: 'string', minLength: 1 };
const schema = {
    type: 'object',
    required: ['color', 'fieldMapping'],
    properties: {
        color: { type: 'string', enum: ['red', 'blue', 'green'] },
        fieldMapping: { type: 'object', required: ['internal_id'], properties: { internal_id: text, name: text, email: { default: 'cf_2', ...text } } },
        filters: { type: 'array', items: text, maxItems: 20 },
        limit: { type: 'integer', minimum: 1, default: 50 },
        active: { type: 'boolean', default: true },
    },
};
const PUT = '/connections/one/metadata?provider_config_key=configured';

async function writes(server) {
    const requests = ['red', 'blue'].map((color) => ({ body: JSON.stringify({ color, fieldMapping: { internal_id: 'cf_1' }, filters: ['a', 'b'] }) }));
    return load(server, { path: PUT, method: 'PUT', requests, connections: 16 });
}

/** At the integration `crm`, whose functions declare what they read, and at one of its own without functions. */
export async function measureConfiguration(server, upstream) {
    const declare = (key, body) => server.must('PUT', `/integrations/${key}/metadata/schema`, { body });
    await setUpCrm(server, upstream, { one: {} }, 'configured');
    const plain = await writes(server);
    row('PUT of metadata with its effective document, 16 clients, no schema', describe(plain));
    await declare('configured', { schema, version: 1 });
    for (const mode of ['warn', 'enforce']) {
        await declare('configured', { mode });
        const checked = await writes(server);
        row(`PUT of metadata, with a schema and mode ${mode}`, `${describe(checked)} (${(checked.cpu / plain.cpu).toFixed(2)}× CPU)`);
    }

    const connection = { 'provider-config-key': 'crm', 'connection-id': 'one' };
    const call = { path: '/action/trigger', method: 'POST', body: JSON.stringify({ action_name: 'read-metadata', input: {} }), headers: connection, connections: 16 };
    await declare('crm', { mode: 'off' });
    const flat = await load(server, call);
    row('action that reads metadata, 16 clients, no layers', describe(flat));
    await declare('crm', { mode: 'warn' });
    await server.must('PUT', '/integrations/crm/metadata/defaults', { body: { fieldMapping: { name: 'cf_7' }, region: 'eu' } });
    const layered = await load(server, call);
    row('action that reads metadata, three layers', `${describe(layered)} (${(layered.cpu / flat.cpu).toFixed(2)}× CPU)`);
    await server.must('PUT', '/integrations/crm/metadata/defaults', { body: {} });

    const headers = { authorization: `Bearer ${server.keys.dev}`, 'content-type': 'application/json', ...connection };
    const send = (path, body) => () => fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const run = send('/action/trigger', { action_name: 'with-zod', input: { name: 'Ada', count: 3 } });
    const preview = send('/connections/one/metadata/preview?provider_config_key=crm', { action: 'with-zod', input: { name: 'Ada', count: 3 }, patch: { color: 'green' } });
    for (const warm of [run, preview]) await oneByOne(50, warm);
    const [alone, tried] = [await oneByOne(500, run), await oneByOne(500, preview)];
    row('preview of an action against a run of it, one client', `p50 ${tried.p50.toFixed(2)} ms against ${alone.p50.toFixed(2)} ms, p99 ${tried.p99.toFixed(2)} against ${alone.p99.toFixed(2)} ms`);
}
