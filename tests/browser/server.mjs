// A real server (the binary in BESPOKE_BINARY) on SQLite, with the sample CRM and its two customers.

import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startCrm } from '../../examples/sample-crm/server.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const binary = process.env.BESPOKE_BINARY ?? here('../../target/release/bespoke');

export const admin = { email: 'mara@acme.test', name: 'Mara Lindqvist', password: 'four quiet words here' };

const customers = {
    'customer-a': { apiKey: 'crm-key-customer-a', metadata: { fieldMapping: { internal_id: 'custom_field_123' } } },
    'customer-b': { apiKey: 'crm-key-customer-b', metadata: { fieldMapping: { internal_id: 'cf_456' }, filterStatus: 'active' } },
};

/** Kills `child` when this process is gone, however it ended. */
function guard(child) {
    const shell = spawn('sh', ['-c', `read -r word || kill -9 ${child.pid}`], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    shell.stdin.on('error', () => {});
    shell.unref();
    shell.stdin.unref?.();
    child.once('exit', () => shell.stdin.end('ended\n'));
}

/** Starts the server, which `reaches` these private addresses besides the CRM; `url`, the one-time `setupLink`, `call` and `must` as a program with a secret key, `stop`. */
export async function startServer({ env = {}, reaches = [] } = {}) {
    const crm = await startCrm();
    const data = await mkdtemp(join(tmpdir(), 'bespoke-browser-'));
    const keys = { dev: randomUUID(), prod: randomUUID() };
    const environment = {
        PATH: process.env.PATH,
        BESPOKE_LISTEN: '127.0.0.1:0',
        BESPOKE_DATA: data,
        BESPOKE_SECRET_KEY_DEV: keys.dev,
        BESPOKE_SECRET_KEY_PROD: keys.prod,
        BESPOKE_PROVIDERS: here('../../examples/sample-crm/provider.yaml'),
        BESPOKE_OUTBOUND_ALLOW: [crm.url, ...reaches].map((url) => new URL(url).host).join(','),
        BESPOKE_LOG: process.env.BESPOKE_TEST_LOG ?? 'error',
        ...env,
    };
    const server = { crm, keys, setupLink: undefined, url: undefined };
    let child;
    const launch = async () => {
        child = spawn(binary, ['serve'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
        guard(child);
        server.url = await new Promise((done, failed) => {
            child.once('error', failed);
            child.once('exit', (code) => failed(new Error(`bespoke serve ended with code ${code}`)));
            createInterface({ input: child.stdout }).on('line', (line) => {
                server.setupLink ??= /https?:\S+\/setup\?token=\S+/.exec(line)?.[0];
                const ready = /^Bespoke is ready at (\S+)/.exec(line);
                if (ready) done(ready[1]);
            });
        });
    };
    const end = async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
    };
    await launch();
    /** The same server begins again with what it has stored, at another address. */
    server.restart = async () => {
        await end();
        await launch();
    };
    /** A plain request: `{status, headers, body}`; nothing is thrown. */
    server.call = async (method, path, { body, headers = {}, key = keys.dev } = {}) => {
        const all = { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers };
        const response = await fetch(server.url + path, { method, headers: all, body: body === undefined ? undefined : JSON.stringify(body) });
        const text = await response.text();
        return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
    };
    /** The same, for set-up: anything but 2xx is an error. */
    server.must = async (...call) => {
        const answer = await server.call(...call);
        if (answer.status >= 300) throw new Error(`${call[0]} ${call[1]}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return answer.body;
    };
    /** Makes the first administrator, for tests that are about something else; the value of their session cookie. */
    server.setUp = async () => {
        const token = new URL(server.setupLink).searchParams.get('token');
        const { headers } = await server.callRaw('POST', '/session/setup', { token, ...admin });
        return /bespoke_session=([^;]+)/.exec(headers.get('set-cookie'))[1];
    };
    server.callRaw = async (method, path, body) => {
        const response = await fetch(server.url + path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
        if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
        return response;
    };
    /** The integration `hubspot`, its functions, and both customers, synced once. */
    server.fill = async () => {
        const integration = { unique_key: 'hubspot', provider: 'sample-crm', display_name: 'HubSpot', integration_config: { baseUrl: crm.url } };
        await server.must('POST', '/integrations', { body: integration });
        for (const [connection_id, { apiKey, metadata }] of Object.entries(customers)) {
            const credentials = { type: 'API_KEY', apiKey };
            await server.must('POST', '/connections', { body: { provider_config_key: 'hubspot', connection_id, credentials, metadata } });
        }
        await server.deploy('../../examples/hubspot-contacts');
        for (const connection_id of Object.keys(customers)) await server.sync(connection_id);
    };
    server.deploy = async (folder, env = 'dev') => {
        const options = ['deploy', here(folder), '--env', env, '--yes', '--host', server.url];
        await promisify(execFile)(binary, options, { env: { PATH: process.env.PATH, [`BESPOKE_SECRET_KEY_${env.toUpperCase()}`]: keys[env] } });
    };
    /** Runs the sync `contacts` of a customer and waits until it has ended. */
    server.sync = async (connection_id, name = 'contacts') => {
        await server.must('POST', '/sync/trigger', { body: { syncs: [name], provider_config_key: 'hubspot', connection_id } });
        for (;;) {
            const { syncs: [sync] } = await server.must('GET', `/sync/status?syncs=${name}&provider_config_key=hubspot&connection_id=${connection_id}`);
            if (sync?.finishedAt && sync.status !== 'RUNNING') return sync;
            await new Promise((done) => setTimeout(done, 100));
        }
    };
    server.stop = async () => {
        await end();
        await crm.close();
        await rm(data, { recursive: true, force: true });
    };
    return server;
}
