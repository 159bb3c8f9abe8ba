// `make bench`: measures the release binary from outside over HTTP and prints one table, with the targets beside.
//
// CPU is what all our processes (server and runners) used, divided by the operations: it travels between machines better
// than rates do. The load generator runs on the same machine and takes its share of it.
//
// `node bench/bench.mjs proxy sync` measures only these parts: metadata, connection, proxy, action, sync.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import autocannon from 'autocannon';
import { fileURLToPath } from 'node:url';

process.env.BESPOKE_BINARY ??= fileURLToPath(new URL('../../../target/release/bespoke', import.meta.url));
const { setUpCrm, startServer, startUpstream, synced } = await import('../harness.mjs');

const SECONDS = Number(process.env.BENCH_SECONDS ?? 5);
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']).toString());

/** Process ids of the server and everything below it. */
function family(root) {
    const parents = new Map();
    for (const entry of readdirSync('/proc')) {
        if (!/^\d+$/.test(entry)) continue;
        try {
            const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
            parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
        } catch {
            // It ended meanwhile.
        }
    }
    const members = [root];
    for (const pid of members) for (const [child, parent] of parents) if (parent === pid) members.push(child);
    return members;
}

/** Seconds of CPU that the server, its runners and those that ended have used. */
function cpuSeconds(root) {
    let ticks = 0;
    for (const pid of family(root)) {
        try {
            const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
            const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
            ticks += fields[11] + fields[12];
            // Ended children count once, at their parent.
            if (pid === root) ticks += fields[13] + fields[14];
        } catch {
            // It ended meanwhile.
        }
    }
    return ticks / TICKS_PER_SECOND;
}

/** Resident memory of the server and its runners, in MB. */
function residentMegabytes(root) {
    let kilobytes = 0;
    for (const pid of family(root)) kilobytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    return kilobytes / 1024;
}

const wanted = process.argv.slice(2);
const measures = (part) => wanted.length === 0 || wanted.includes(part);
const rows = [];
const row = (what, measured, target) => {
    rows.push([what, measured, target]);
    console.error(`${what}: ${measured}`);
};

async function load(server, { path, method = 'GET', body, headers = {}, connections, requests }) {
    const before = cpuSeconds(server.process.pid);
    const result = await autocannon({
        url: (headers.host ? '' : server.url) + path,
        method,
        body: typeof body === 'string' ? body : undefined,
        headers: { authorization: `Bearer ${server.keys.dev}`, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }), ...headers },
        connections,
        duration: SECONDS,
        requests,
    });
    const used = cpuSeconds(server.process.pid) - before;
    if (result.non2xx > 0 || result.errors > 0) throw new Error(`${path}: ${result.non2xx} answers were not 2xx, ${result.errors} errors`);
    const total = result.requests.total;
    return { rate: total / result.duration, cpu: (used * 1e6) / total, p50: result.latency.p50, p99: result.latency.p99, exact: result };
}

const micros = (value) => (value >= 1000 ? `${(value / 1000).toFixed(2)} ms` : `${value.toFixed(0)} µs`);
const describe = ({ rate, cpu, p99 }) => `${rate.toFixed(0)}/s, ${micros(cpu)} CPU, p99 ${p99} ms`;

/** Latencies of one client, measured one by one: autocannon counts whole milliseconds. */
async function oneByOne(count, send) {
    const times = [];
    for (let index = 0; index < count; index += 1) {
        const begin = process.hrtime.bigint();
        const response = await send();
        await response.arrayBuffer();
        if (!response.ok) throw new Error(`answered ${response.status}`);
        times.push(Number(process.hrtime.bigint() - begin) / 1e6);
    }
    times.sort((a, b) => a - b);
    const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
    return { p50: at(0.5), p99: at(0.99), max: times.at(-1) };
}

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
        row(`metadata ${name}, 16 clients, durable`, describe(await load(server, { path: '/connections/metadata', method, requests, connections: 16 })), '≥ 8,000/s, ≤ 140 µs CPU');
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
const widths = [0, 1, 2].map((column) => Math.max(...rows.map((cells) => cells[column].length)));
console.log(['figure', 'measured', 'target'].map((title, column) => title.padEnd(widths[column])).join('  '));
for (const cells of rows) console.log(cells.map((cell, column) => cell.padEnd(widths[column])).join('  '));
