// `make bench`: measures the release binary from outside over HTTP and prints one table, with the targets beside.
//
// CPU is what all our processes (server and runners) used, divided by the operations: it travels between machines better
// than rates do. The load generator runs on the same machine and takes its share of it.
//
// `node bench/bench.mjs proxy sync` measures only these parts: metadata, connection, proxy, action, configuration, sync,
// fleet. BENCH_FLEET is the number of connections for the last one, 100,000.

import { fileURLToPath } from 'node:url';
import { cpuSeconds, describe, load, oneByOne, print, residentMegabytes, row } from './tools.mjs';

process.env.BESPOKE_BINARY ??= fileURLToPath(new URL('../../../target/release/bespoke', import.meta.url));
const { databases, setUpCrm, startServer, startUpstream, synced } = await import('../harness.mjs');
const { measureConfiguration } = await import('./configuration.mjs');
const { measureFleet } = await import('./fleet.mjs');

const wanted = process.argv.slice(2);
const measures = (part) => wanted.length === 0 || wanted.includes(part);

async function syncRate(server, connection) {
    const cpuBefore = cpuSeconds(server.process.pid);
    const begin = process.hrtime.bigint();
    await server.nango.triggerSync('crm', ['pages'], connection);
    await synced(server, connection, { name: 'pages' });
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    return { rate: 100_000 / seconds, cpu: ((cpuSeconds(server.process.pid) - cpuBefore) * 1e6) / 100_000 };
}

/** The pages of the benchmark's upstream: 100 pages of 1,000 records of about 280 bytes, ready as bytes. */
function pages() {
    const page = (number) => JSON.stringify({
        items: Array.from({ length: 1000 }, (_, index) => ({
            id: `record-${number * 1000 + index}`, name: `Name ${index}`, email: `person.${index}@example.com`,
            note: 'x'.repeat(120), address: { street: `Street ${index}`, city: 'Town', zip: '12345' }, active: index % 2 === 0,
        })),
        ...(number < 99 ? { next: String(number + 1) } : {}),
    });
    return Array.from({ length: 100 }, (_, number) => page(number));
}

const prepared = pages();
const upstream = await startUpstream({
    '*': () => [200, '{"hello":"world"}'],
    'GET /pages': ({ query }) => [200, prepared[Number(query.get('cursor') ?? 0)]],
});
const begin = process.hrtime.bigint();
const server = await startServer({ upstream, env: { BESPOKE_RATE_LIMIT: '100000000' } });
row('start to ready', `${(Number(process.hrtime.bigint() - begin) / 1e6).toFixed(0)} ms`, '≤ 300 ms');
row('idle memory, one process', `${residentMegabytes(server.process.pid).toFixed(0)} MB`, '≤ 60 MB');

await setUpCrm(server, upstream, { one: { color: 'red', fieldMapping: { internal_id: 'cf_1' } }, sync: {} });
await server.deploy('bench/project');
const connection = { 'provider-config-key': 'crm', 'connection-id': 'one' };
const headers = { authorization: `Bearer ${server.keys.dev}`, ...connection };
const metadata = (value) => JSON.stringify({ connection_id: 'one', provider_config_key: 'crm', metadata: { color: value, fieldMapping: { internal_id: 'cf_1' }, filters: ['a', 'b'] } });

if (measures('metadata')) {
    for (const [name, method] of [['set', 'POST'], ['update', 'PATCH']]) {
        // Two documents in turn: a write that changes nothing would leave no revision.
        const requests = ['red', 'blue'].map((color) => ({ body: metadata(color) }));
        row(`metadata ${name}, 16 clients, durable`, describe(await load(server, { path: '/connections/metadata', method, requests, connections: 16 })), `≥ 8,000/s, ≤ ${name === 'set' ? 132 : 142} µs CPU`);
    }
}
if (measures('connection')) {
    row('read a connection with metadata, 16 clients', describe(await load(server, { path: '/connections/one?provider_config_key=crm', connections: 16 })), '≤ 130 µs CPU');
}
if (measures('proxy')) {
    const direct = await oneByOne(1000, () => fetch(`${upstream.url}/thing`));
    const proxied = await oneByOne(1000, () => fetch(`${server.url}/proxy/thing`, { headers }));
    row('proxy GET, one client, added to a direct request', `p50 ${(proxied.p50 - direct.p50).toFixed(2)} ms (${direct.p50.toFixed(2)} → ${proxied.p50.toFixed(2)})`, '≤ 0.5 ms');
    row('proxy GET, 16 clients', describe(await load(server, { path: '/proxy/thing', headers: connection, connections: 16 })), '≤ 315 µs CPU');
}
if (measures('action')) {
    const action = JSON.stringify({ action_name: 'with-zod', input: { name: 'Ada', count: 3 } });
    const call = () => fetch(`${server.url}/action/trigger`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: action });
    await oneByOne(50, call);
    const alone = await oneByOne(1000, call);
    row('action with metadata and zod, one client', `p50 ${alone.p50.toFixed(2)} ms, p99 ${alone.p99.toFixed(2)} ms, longest ${alone.max.toFixed(1)} ms`, 'p50 ≤ 5 ms, p99 ≤ 15 ms');
    for (const connections of [1, 16, 64]) {
        row(`the same, ${connections} client${connections > 1 ? 's' : ''}`, describe(await load(server, { path: '/action/trigger', method: 'POST', body: action, headers: connection, connections })), connections === 1 ? '' : '≥ 500/s, ≤ 3 ms CPU');
    }
}
if (measures('configuration')) await measureConfiguration(server, upstream);
if (measures('sync')) {
    const first = await syncRate(server, 'sync');
    const second = await syncRate(server, 'sync');
    row('sync of 100,000 records from an upstream', `${first.rate.toFixed(0)}/s, ${first.cpu.toFixed(1)} µs CPU a record`, '≥ 50,000/s, ≤ 20 µs');
    row('the same again, nothing changed', `${second.rate.toFixed(0)}/s, ${second.cpu.toFixed(1)} µs CPU a record (${(second.rate / first.rate).toFixed(1)}×)`, '≥ 2×');
    const generate = async (rows) => {
        await server.nango.setMetadata('crm', 'sync', { rows });
        const cpuBefore = cpuSeconds(server.process.pid);
        const start = process.hrtime.bigint();
        await server.nango.triggerSync('crm', ['generated'], 'sync');
        await synced(server, 'sync', { name: 'generated' });
        const seconds = Number(process.hrtime.bigint() - start) / 1e9;
        return `${(rows / seconds).toFixed(0)}/s, ${(((cpuSeconds(server.process.pid) - cpuBefore) * 1e6) / rows).toFixed(1)} µs CPU a record`;
    };
    row('sync of 100,000 records generated in the function', await generate(100_000), '≥ 50,000/s, ≤ 20 µs');
    row('the same again, nothing changed', await generate(100_000), '≥ 2×');
}

await server.stop();
await upstream.close();
if (measures('fleet')) {
    for (const database of databases) await measureFleet(database);
}
print();
