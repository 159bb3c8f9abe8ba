// What the parts of `make bench` share: loads, processor time, the table.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import autocannon from 'autocannon';

export const SECONDS = Number(process.env.BENCH_SECONDS ?? 5);
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
export function cpuSeconds(root) {
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
export function residentMegabytes(root) {
    let kilobytes = 0;
    for (const pid of family(root)) kilobytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    return kilobytes / 1024;
}

const rows = [];

/** Notes one line of the table. */
export function row(what, measured, target = '') {
    rows.push([what, measured, target]);
    console.error(`${what}: ${measured}`);
}

/** Prints the table. */
export function print() {
    const widths = [0, 1, 2].map((column) => Math.max(...rows.map((cells) => cells[column].length)));
    console.log(['figure', 'measured', 'target'].map((title, column) => title.padEnd(widths[column])).join('  '));
    for (const cells of rows) console.log(cells.map((cell, column) => cell.padEnd(widths[column])).join('  '));
}

/** Requests as fast as they go, for some seconds or as many as `amount`. */
export async function load(server, { path, method = 'GET', body, headers = {}, connections, requests, amount }) {
    const before = cpuSeconds(server.process.pid);
    const result = await autocannon({
        url: (headers.host ? '' : server.url) + path,
        method,
        body: typeof body === 'string' ? body : undefined,
        headers: { authorization: `Bearer ${server.keys.dev}`, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }), ...headers },
        connections,
        ...(amount ? { amount } : { duration: SECONDS }),
        requests,
    });
    const used = cpuSeconds(server.process.pid) - before;
    if (result.non2xx > 0 || result.errors > 0) throw new Error(`${path}: ${result.non2xx} answers were not 2xx, ${result.errors} errors`);
    const total = result.requests.total;
    return { rate: total / result.duration, cpu: (used * 1e6) / total, p50: result.latency.p50, p99: result.latency.p99, exact: result };
}

export const micros = (value) => (value >= 1000 ? `${(value / 1000).toFixed(2)} ms` : `${value.toFixed(0)} µs`);
export const describe = ({ rate, cpu, p99 }) => `${rate.toFixed(0)}/s, ${micros(cpu)} CPU, p99 ${p99} ms`;

/** Latencies of one client, measured one by one: autocannon counts whole milliseconds. */
export async function oneByOne(count, send) {
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

/** Milliseconds that `work` took, and what it gave. */
export async function timed(work) {
    const begin = process.hrtime.bigint();
    const result = await work();
    return { ms: Number(process.hrtime.bigint() - begin) / 1e6, result };
}
