// Questions about many connections, on each database.

import autocannon from 'autocannon';
import pg from 'pg';
import { startServer } from '../harness.mjs';
import { cpuSeconds, residentMegabytes, row, timed } from './tools.mjs';

const SIZE = Number(process.env.BENCH_FLEET ?? 100_000);
const FLEET = '/integrations/fleet/metadata';

/** What a customer of a grown product has: 2 kB, some 50 leaves, 4 of them like nobody else's. */
function documentOf(number) {
    const pick = (list, salt) => list[(number * 7 + salt * 13) % list.length];
    const fields = ['custom_field_1', 'custom_field_2', 'custom_field_3', 'email', 'phone', 'owner_id'];
    return {
        filterStatus: number % 100 < 97 ? 'active' : 'all',
        accountId: `account-${number}`,
        region: pick(['eu', 'us', 'apac'], 1),
        webhookUrl: `https://customer-${number}.example.com/hooks/crm/contacts/changed`,
        features: Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`feature_${index}_enabled`, (number + index) % 5 !== 0])),
        fieldMapping: Object.fromEntries(Array.from({ length: 24 }, (_, index) => [`internal_field_${index}`, pick(fields, index)])),
        limits: { perPage: pick([50, 100, 200], 2), perDay: 10_000, retries: 3 },
        pipelines: [`pipeline-${number % 1000}`, 'default'],
        note: `Agreed with customer ${number}: ${'only deals that are open and belong to a team. '.repeat(11)}`,
    };
}

/** Makes the connections; how many a second. */
async function seed(server) {
    await server.must('POST', '/integrations', { body: { unique_key: 'fleet', provider: 'unauthenticated' } });
    let number = 0;
    const setupRequest = (request) => {
        const body = { provider_config_key: 'fleet', connection_id: `customer-${number}`, credentials: { type: 'NONE' }, metadata: documentOf(number), tags: { plan: number % 2 ? 'pro' : 'free' } };
        number += 1;
        return { ...request, body: JSON.stringify(body) };
    };
    const headers = { authorization: `Bearer ${server.keys.dev}`, 'content-type': 'application/json' };
    const requests = [{ method: 'POST', path: '/connections', headers, setupRequest }];
    const { ms, result } = await timed(() => autocannon({ url: server.url, connections: 32, amount: SIZE, requests }));
    if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} connections were not made`);
    return SIZE / (ms / 1000);
}

/** The median of five answers, in milliseconds. */
async function question(server, query) {
    const times = [];
    for (let turn = 0; turn < 5; turn += 1) times.push((await timed(() => server.must('GET', `${FLEET}/fleet${query}`))).ms);
    return times.sort((one, other) => one - other)[2];
}

const said = ({ ms }) => (ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** All figures of one database. */
export async function measureFleet(database) {
    const server = await startServer({ database, env: { BESPOKE_RATE_LIMIT: '100000000' } });
    const line = (what, measured) => row(`${database}, ${SIZE} connections: ${what}`, measured);
    try {
        line(`imported, 32 clients, ${JSON.stringify(documentOf(12_345)).length} bytes each`, `${(await seed(server)).toFixed(0)}/s`);
        const before = residentMegabytes(server.process.pid);
        const cpu = cpuSeconds(server.process.pid);
        const first = await timed(() => server.must('GET', `${FLEET}/fleet`));
        line('first question', `${said(first)}, ${(cpuSeconds(server.process.pid) - cpu).toFixed(2)} s CPU, ${(residentMegabytes(server.process.pid) - before).toFixed(0)} MB more (${first.result.paths.length} paths)`);
        line('later questions', said({ ms: await question(server, '') }));
        line('with a tag (half of them)', said({ ms: await question(server, '?tags[plan]=pro') }));
        line('with a condition (97 in 100)', said({ ms: await question(server, '?where[path]=/filterStatus&where[is]=active') }));
        line('with a condition (one)', said({ ms: await question(server, '?where[path]=/accountId&where[is]=account-77') }));
        line('with a tag and a condition', said({ ms: await question(server, '?tags[plan]=pro&where[path]=/filterStatus&where[is]=all') }));
        const ids = Array.from({ length: 500 }, (_, index) => `customer-${Math.floor((index * SIZE) / 500)}`);
        await server.must('PATCH', '/connections/metadata', { body: { connection_id: ids, provider_config_key: 'fleet', metadata: { seen: true } } });
        line('after 500 changes', said(await timed(() => server.must('GET', `${FLEET}/fleet`))));
        const bulk = (body) => timed(() => server.must('POST', `${FLEET}/bulk`, { body: { merge_patch: { limits: { retries: 5 } }, ...body } }));
        const where = { path: '/filterStatus', is: 'all' };
        const tried = await bulk({ where, dry_run: true });
        line(`dry run of a bulk change of ${tried.result.matched}`, said(tried));
        line(`bulk change of ${tried.result.matched}`, said(await bulk({ where })));
        line('bulk change of 10 by id', said(await bulk({ connection_ids: ids.slice(0, 10) })));
        const promote = (dry_run) => timed(() => server.must('POST', `${FLEET}/promote`, { body: { path: '/filterStatus', value: 'active', dry_run } }));
        const dry = await promote(true);
        line(`dry run of a promotion (${dry.result.removed} removed, ${dry.result.kept} kept)`, said(dry));
        line('promotion', said(await promote(false)));
        await server.must('PUT', '/integrations/fleet/metadata/schema', { body: { version: 1, schema: { type: 'object', required: ['region'], properties: { limits: { type: 'object', properties: { perDay: { type: 'integer' } } } } } } });
        line('first question under another schema', said(await timed(() => server.must('GET', `${FLEET}/fleet?invalid=true`))));
        line('who does not fit, later', said({ ms: await question(server, '?invalid=true') }));
    } finally {
        const url = server.environment.BESPOKE_DATABASE_URL;
        await server.stop();
        if (url) await drop(url);
    }
}

async function drop(url) {
    const client = new pg.Client({ connectionString: process.env.BESPOKE_TEST_POSTGRES });
    await client.connect();
    await client.query(`DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
    await client.end();
}
