// `make demo`: Bespoke with a sample CRM and two customers whose CRMs differ. One function serves both.
// Runs the built binary the way a team would: deploy by CLI, everything else by the API.

import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startCrm } from '../sample-crm/server.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const binary = resolve(process.env.BESPOKE_BINARY ?? here('../../target/release/bespoke'));
const secretKey = process.env.BESPOKE_SECRET_KEY_DEV ?? randomUUID();

const customers = [
    {
        id: 'customer-a',
        apiKey: 'crm-key-customer-a',
        end_user: { id: 'northwind', display_name: 'Northwind Traders', email: 'ops@northwind.example' },
        tags: { plan: 'pro' },
        metadata: { fieldMapping: { internal_id: 'custom_field_123' } },
    },
    {
        id: 'customer-b',
        apiKey: 'crm-key-customer-b',
        end_user: { id: 'brightwell', display_name: 'Brightwell GmbH', email: 'it@brightwell.example' },
        tags: { plan: 'starter' },
        metadata: { fieldMapping: { internal_id: 'cf_456', team: 'cf_region' }, filterStatus: 'active' },
    },
];

/** What somebody changed at customer B last week, and why their teams are empty since: their CRM has no such field. */
const mistake = { fieldMapping: { internal_id: 'cf_456', team: 'cf_team' } };

/** Starts `bespoke serve` on a data folder of its own; resolves to its address and first link once it is ready. */
async function startBespoke(data, crm) {
    const environment = {
        ...process.env,
        BESPOKE_DATA: data,
        BESPOKE_SECRET_KEY_DEV: secretKey,
        BESPOKE_PROVIDERS: here('../sample-crm/provider.yaml'),
        BESPOKE_OUTBOUND_ALLOW: new URL(crm.url).host,
        BESPOKE_LOG: process.env.BESPOKE_LOG ?? 'warn',
    };
    delete environment.BESPOKE_BINARY;
    const server = spawn(binary, ['serve'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
    let setup;
    const address = await new Promise((done, failed) => {
        server.once('error', failed);
        server.once('exit', (code) => failed(new Error(`bespoke serve ended with code ${code}`)));
        createInterface({ input: server.stdout }).on('line', (line) => {
            setup = /^Create the first administrator: (\S+)/.exec(line)?.[1] ?? setup;
            const ready = /^Bespoke is ready at (\S+)/.exec(line);
            if (ready) done(ready[1]);
        });
    });
    return { server, address, setup };
}

async function call(address, method, path, { body, connection, reason } = {}) {
    const headers = { authorization: `Bearer ${secretKey}` };
    if (reason) headers['bespoke-reason'] = reason;
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (connection) Object.assign(headers, { 'provider-config-key': 'hubspot', 'connection-id': connection });
    const response = await fetch(address + path, { method, headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text ? JSON.parse(text) : undefined;
}

/** Runs the sync of `connection` to its end. */
async function sync(address, connection) {
    const body = { syncs: ['contacts'], provider_config_key: 'hubspot', connection_id: connection };
    await call(address, 'POST', '/sync/trigger', { body });
    await synced(address, connection);
}

/** Waits until the sync of `connection` has ended. */
async function synced(address, connection) {
    const path = `/sync/status?syncs=contacts&provider_config_key=hubspot&connection_id=${connection}`;
    for (;;) {
        const { syncs: [sync] } = await call(address, 'GET', path);
        if (sync?.status === 'ERROR') throw new Error(`the sync of ${connection} failed; see the log above`);
        if (sync?.finishedAt && sync.status !== 'RUNNING') return sync;
        await new Promise((done) => setTimeout(done, 100));
    }
}

const recordsPath = '/records?model=Contact';

function printSideBySide(columns) {
    const blocks = columns.map(({ id, metadata, records }) => [
        id,
        JSON.stringify(metadata),
        '',
        `${'id'.padEnd(5)}${'internalId'.padEnd(12)}${'team'.padEnd(6)}email`,
        ...records.map(
            ({ id, internalId, team, email }) =>
                `${id.padEnd(5)}${String(internalId).padEnd(12)}${String(team ?? '–').padEnd(6)}${email}`,
        ),
    ]);
    const widths = blocks.map((block) => Math.max(...block.map((line) => line.length)) + 4);
    const height = Math.max(...blocks.map((block) => block.length));
    for (let row = 0; row < height; row += 1) {
        console.log(`  ${blocks.map((block, index) => (block[row] ?? '').padEnd(widths[index])).join('').trimEnd()}`);
    }
}

function printNextSteps(address, setup, configure) {
    const header = `-H 'Authorization: Bearer ${secretKey}'`;
    const json = "-H 'Content-Type: application/json'";
    const connection = "-H 'Provider-Config-Key: hubspot' -H 'Connection-Id: customer-a'";
    console.log(`
Which custom fields has customer A? The action asks their CRM:

  curl -s ${address}/action/trigger ${header} ${json} \\
    ${connection} \\
    -d '{"action_name":"list-custom-fields"}'

Map another one (nobody deploys anything), run the sync again, read the records:

  curl -s -X PATCH ${address}/connections/metadata ${header} ${json} \\
    -d '{"connection_id":"customer-a","provider_config_key":"hubspot","metadata":{"fieldMapping":{"internal_id":"custom_field_9"}}}'
  curl -s ${address}/sync/trigger ${header} ${json} \\
    -d '{"syncs":["contacts"],"provider_config_key":"hubspot","connection_id":"customer-a"}'
  sleep 1 # the sync runs by itself
  curl -s '${address}${recordsPath}' ${header} \\
    ${connection}

The same with the npm package @nangohq/node, unchanged (npm install @nangohq/node):

  import { Nango } from '@nangohq/node';
  const nango = new Nango({ host: '${address}', secretKey: '${secretKey}' });
  await nango.updateMetadata('hubspot', 'customer-a', { fieldMapping: { internal_id: 'custom_field_9' } });
  await nango.triggerSync('hubspot', ['contacts'], 'customer-a');
  const running = async () => (await nango.syncStatus('hubspot', ['contacts'], 'customer-a')).syncs[0].status === 'RUNNING';
  while (await running()) await new Promise((resolve) => setTimeout(resolve, 100));
  console.log(await nango.listRecords({ providerConfigKey: 'hubspot', connectionId: 'customer-a', model: 'Contact' }));

The function is examples/hubspot-contacts/hubspot/syncs/contacts.ts. Change it and deploy it:

  BESPOKE_SECRET_KEY_DEV=${secretKey} \\
    ${binary} deploy examples/hubspot-contacts --env dev --host ${address} --yes

Bespoke listens at ${address}, secret key of dev: ${secretKey}

Customer B's people have no team. Why? Sign in, open Brightwell GmbH, look at its Configuration, mend it, preview, apply:

  ${setup}

And customer A maps a field of their own, without you:

  ${configure}

Ctrl-C stops everything.`);
}

async function main() {
    const crm = await startCrm();
    const data = await mkdtemp(join(tmpdir(), 'bespoke-demo-'));
    const { server, address, setup } = await startBespoke(data, crm);
    const stop = new Promise((done) => {
        for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, done);
    });
    const stopped = new Promise((done) => server.once('exit', done));
    try {
        console.log(`Bespoke runs at ${address}, a sample CRM at ${crm.url}.`);
        const integration_config = { baseUrl: crm.url };
        const integration = { unique_key: 'hubspot', provider: 'sample-crm', display_name: 'HubSpot', integration_config };
        await call(address, 'POST', '/integrations', { body: integration });
        for (const { id, apiKey, ...more } of customers) {
            const credentials = { type: 'API_KEY', apiKey };
            const body = { provider_config_key: 'hubspot', connection_id: id, credentials, ...more };
            await call(address, 'POST', '/connections', { body });
        }
        console.log('Deploying examples/hubspot-contacts …');
        const deploy = ['deploy', here('../hubspot-contacts'), '--env', 'dev', '--yes', '--host', address];
        const environment = { ...process.env, BESPOKE_SECRET_KEY_DEV: secretKey };
        delete environment.BESPOKE_BINARY;
        await promisify(execFile)(binary, deploy, { env: environment });
        for (const { id } of customers) await sync(address, id);
        const at = '/connections/customer-b/metadata?provider_config_key=hubspot';
        await call(address, 'PATCH', at, { body: mistake, reason: 'Ticket 4411: group their people by team' });
        await sync(address, 'customer-b');
        const results = [];
        for (const { id } of customers) {
            const { metadata } = await call(address, 'GET', `/connections/${id}/metadata?provider_config_key=hubspot`);
            const { records } = await call(address, 'GET', recordsPath, { connection: id });
            records.sort((one, other) => Number(one.id) - Number(other.id));
            results.push({ id, metadata, records });
        }
        console.log('\nOne sync function, two customers. What each of them got:\n');
        printSideBySide(results);
        const body = { provider_config_key: 'hubspot', connection_id: 'customer-a', expires_in: 24 * 3600 };
        const { data: session } = await call(address, 'POST', '/configure/sessions', { body });
        printNextSteps(address, setup, session.configure_link);
        await Promise.race([stop, stopped]);
    } finally {
        server.kill('SIGTERM');
        await stopped;
        await crm.close();
        await rm(data, { recursive: true, force: true });
    }
}

await main();
