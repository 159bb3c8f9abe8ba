// Starts a real server (the binary in BESPOKE_BINARY) on port 0 with a fresh database, and a real upstream beside it.

import { execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Nango } from '@nangohq/node';
import pg from 'pg';

export const binary = process.env.BESPOKE_BINARY ?? fileURLToPath(new URL('../../target/release/bespoke', import.meta.url));
const postgres = process.env.BESPOKE_TEST_POSTGRES;

/** The databases that every suite runs on. */
export const databases = postgres ? ['sqlite', 'postgres'] : ['sqlite'];
if (!postgres) console.error('NOT TESTED ON POSTGRESQL: BESPOKE_TEST_POSTGRES is not set (make test-node sets it)');

async function freshPostgres() {
    const name = `bespoke_${randomBytes(6).toString('hex')}`;
    const admin = new pg.Client({ connectionString: postgres });
    await admin.connect();
    await admin.query(`CREATE DATABASE ${name}`);
    await admin.end();
    const url = new URL(postgres);
    url.pathname = `/${name}`;
    return url.href;
}

/** A provider's API: `routes[METHOD path](request, body) → [status, body, headers?]`; counts every request in `seen`. */
export async function startUpstream(routes) {
    const seen = [];
    const server = createServer(async (request, response) => {
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        const raw = Buffer.concat(chunks);
        const url = new URL(request.url, 'http://upstream');
        const call = { method: request.method, path: url.pathname, query: url.searchParams, url: request.url, headers: request.headers, raw };
        seen.push(call);
        const route = routes[`${request.method} ${url.pathname}`] ?? routes['*'];
        const [status, body, headers = {}] = route ? await route(call) : [404, { message: 'no such route' }];
        const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body ?? null);
        const type = Buffer.isBuffer(body) ? {} : { 'content-type': 'application/json' };
        response.writeHead(status, { ...type, ...headers });
        response.end(status === 204 ? undefined : bytes);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${server.address().port}`;
    const close = () => new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
    });
    return { url, host: new URL(url).host, seen, close };
}

/**
 * Kills `child` when this process is gone, however it ended: a file that runs out of time is killed without its `after`.
 * The shell reads from a pipe that only this process writes to; it is told to go once the child has ended, whose number
 * may by then be somebody else's.
 */
function guard(child) {
    const shell = spawn('sh', ['-c', `read -r word || kill -9 ${child.pid}`], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    shell.stdin.on('error', () => {});
    shell.unref();
    shell.stdin.unref?.();
    child.once('exit', () => shell.stdin.end('ended\n'));
}

/** Starts a server; `kill` is kill -9, `start` starts it again on the same data. */
export async function startServer({ database = 'sqlite', upstream, env = {} } = {}) {
    const data = await mkdtemp(join(tmpdir(), 'bespoke-test-'));
    const keys = { dev: randomUUID(), prod: randomUUID() };
    const environment = {
        PATH: process.env.PATH,
        BESPOKE_LISTEN: '127.0.0.1:0',
        BESPOKE_DATA: data,
        BESPOKE_SECRET_KEY_DEV: keys.dev,
        BESPOKE_SECRET_KEY_PROD: keys.prod,
        BESPOKE_PROVIDERS: fileURLToPath(new URL('./providers.yaml', import.meta.url)),
        BESPOKE_OUTBOUND_ALLOW: upstream?.host ?? '',
        BESPOKE_LOG: process.env.BESPOKE_TEST_LOG ?? 'error',
        ...env,
    };
    if (database === 'postgres') {
        environment.BESPOKE_DATABASE_URL = await freshPostgres();
        environment.BESPOKE_ENCRYPTION_KEY = randomBytes(32).toString('base64');
    }
    const server = { keys, data, environment, process: undefined, url: undefined, log: [] };
    server.start = async () => {
        const child = spawn(binary, ['serve'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
        server.process = child;
        guard(child);
        createInterface({ input: child.stderr }).on('line', (line) => {
            server.log.push(line);
            if (process.env.BESPOKE_TEST_LOG) console.error(line);
        });
        server.url = await new Promise((done, failed) => {
            child.once('error', failed);
            child.once('exit', (code) => failed(new Error(`bespoke serve ended with code ${code}: ${server.log.join('\n')}`)));
            createInterface({ input: child.stdout }).on('line', (line) => {
                const ready = /^Bespoke is ready at (\S+)/.exec(line);
                if (ready) done(ready[1]);
            });
        });
        // The port may be another one after a restart.
        server.nango = new Nango({ host: server.url, secretKey: keys.dev });
        server.prod = new Nango({ host: server.url, secretKey: keys.prod });
        return server;
    };
    const end = async (signal) => {
        if (server.process.exitCode !== null || server.process.signalCode !== null) return;
        const ended = once(server.process, 'exit');
        server.process.kill(signal);
        await ended;
    };
    server.kill = () => end('SIGKILL');
    server.terminate = () => end('SIGTERM');
    server.stop = async () => {
        await end('SIGTERM');
        await rm(data, { recursive: true, force: true });
    };
    /** A plain request: `{status, headers, body}`; nothing is thrown. */
    server.call = async (method, path, { body, headers = {}, key = keys.dev, raw } = {}) => {
        const all = { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers };
        const response = await fetch(server.url + path, { method, headers: all, body: raw ?? (body === undefined ? undefined : JSON.stringify(body)), redirect: 'manual' });
        const text = await response.text();
        let parsed = text;
        try {
            parsed = JSON.parse(text);
        } catch {
            // Not everything is JSON.
        }
        return { status: response.status, headers: response.headers, body: parsed };
    };
    /** The same, for set-up: anything but 2xx is an error. */
    server.must = async (...call) => {
        const answer = await server.call(...call);
        if (answer.status >= 300) throw new Error(`${call[0]} ${call[1]}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return answer.body;
    };
    server.deploy = async (folder = 'project', env = 'dev') => {
        const directory = fileURLToPath(new URL(folder, import.meta.url));
        const options = ['deploy', directory, '--env', env, '--yes', '--host', server.url];
        const clientEnvironment = { PATH: process.env.PATH, [`BESPOKE_SECRET_KEY_${env.toUpperCase()}`]: keys[env] };
        return promisify(execFile)(binary, options, { env: clientEnvironment });
    };
    return server.start();
}

/** Integration `crm` of the test provider with the given connections, in dev. */
export async function setUpCrm(server, upstream, connections, key = 'crm') {
    const integration_config = { baseUrl: upstream.url };
    await server.must('POST', '/integrations', { body: { unique_key: key, provider: 'test-crm', integration_config } });
    for (const [connection_id, metadata] of Object.entries(connections)) {
        const credentials = { type: 'API_KEY', apiKey: `key-of-${connection_id}` };
        const body = { provider_config_key: key, connection_id, credentials, ...(metadata ? { metadata } : {}) };
        await server.must('POST', '/connections', { body });
    }
}

/** Waits until `look` gives something truthy. The server is another process: there is nothing to wait on but its answers. */
export async function until(what, look, seconds = 60) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const found = await look();
        if (found) return found;
        if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
        await new Promise((done) => setTimeout(done, 20));
    }
}

/** Waits until a sync has ended, and gives its status. */
export function synced(server, connection, { name = 'contacts', key = 'crm', status } = {}) {
    return until(`the sync ${name} of ${connection}`, async () => {
        const { syncs } = await server.nango.syncStatus(key, [name], connection);
        const [sync] = syncs;
        return sync && sync.status !== 'RUNNING' && sync.finishedAt && (!status || sync.status === status) && sync;
    });
}

/** All records of a model, page by page. */
export async function allRecords(server, connection, model, { key = 'crm', limit = 1000, ...query } = {}) {
    const records = [];
    let cursor = null;
    do {
        const page = await server.nango.listRecords({ providerConfigKey: key, connectionId: connection, model, limit, ...query, ...(cursor ? { cursor } : {}) });
        records.push(...page.records);
        cursor = page.next_cursor;
    } while (cursor);
    return records;
}

/** What the official client throws for a call that must fail: `{status, code, error}`. */
export async function failure(promise) {
    try {
        await promise;
    } catch (error) {
        if (!error.response) throw error;
        return { status: error.response.status, code: error.response.data?.error?.code, error: error.response.data?.error };
    }
    throw new Error('the call was expected to fail');
}

const started = [];

/** One suite on every database: `body(database)`. What it starts is stopped after it. */
export function onBoth(title, body) {
    for (const database of databases) {
        describe(`${title} (${database})`, () => {
            body(database);
            after(async () => {
                for (const stop of started.splice(0).reverse()) await stop();
            });
        });
    }
}

/** Starts upstream and server for a suite. */
export async function start(database, routes = {}, env = {}) {
    const upstream = await startUpstream(routes);
    started.push(upstream.close);
    const server = await startServer({ database, upstream, env });
    started.push(server.stop);
    return { server, upstream };
}
