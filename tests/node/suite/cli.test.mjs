// The official CLI, as its users run it: the project nango-integrations, deployed, changed, dry-run, pulled and tested.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allRecords, failure, onBoth, start, synced } from '../harness.mjs';

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const tickets = [{ number: 1, subject: 'Printer', prio: 'high' }, { number: 2, subject: 'Paper' }];

/** A copy of the project that a test may change, with the packages of tests/node. */
async function project() {
    const folder = await mkdtemp(join(tmpdir(), 'bespoke-cli-'));
    await cp(here('nango-integrations'), folder, { recursive: true });
    await symlink(here('node_modules'), join(folder, 'node_modules'));
    await mkdir(join(folder, '.nango'));
    return folder;
}

onBoth('the official CLI', (database) => {
    let server;
    let upstream;
    let folder;
    before(async () => {
        ({ server, upstream } = await start(database, {
            'GET /tickets': ({ query }) => [200, { tickets: tickets.filter(({ number }) => number > Number(query.get('after'))) }],
            'POST /tickets/7/close': () => [200, { closed: true }],
        }));
        const integration_config = { baseUrl: upstream.url };
        await server.must('POST', '/integrations', { body: { unique_key: 'desk', provider: 'test-crm', integration_config } });
        const credentials = { type: 'API_KEY', apiKey: 'key' };
        const metadata = { queue: 'vip', priorityField: 'prio' };
        await server.must('POST', '/connections', { body: { provider_config_key: 'desk', connection_id: 'customer', credentials, metadata } });
        folder = await project();
    });
    after(() => rm(folder, { recursive: true, force: true }));

    const run = (program, options) => new Promise((done) => {
        const env = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1', NANGO_HOSTPORT: server.url, NANGO_SECRET_KEY_DEV: server.keys.dev };
        execFile(join(here('node_modules/.bin'), program), options, { cwd: folder, env, timeout: 200_000 }, (error, stdout, stderr) => {
            done({ code: error ? (error.code ?? 1) : 0, text: `${stdout}${stderr}` });
        });
    });
    const flags = ['--no-interactive', '--no-dependency-update', '--no-telemetry', '--auto-confirm'];
    // The rest is the same on every database, and each of these commands compiles the project for seconds: none is run twice.
    const once = { skip: database !== 'sqlite' && 'seen on SQLite' };
    const nango = (...options) => run('nango', [...options, ...flags]);
    const deployed = async (...options) => {
        const { code, text } = await nango('deploy', 'dev', ...options);
        assert.equal(code, 0, text);
        return text;
    };
    const trigger = (name, input) => server.nango.triggerAction('desk', 'customer', name, input);
    const names = async () => {
        const config = await server.must('GET', '/scripts/config');
        return config.flatMap(({ syncs, actions, 'on-events': events }) => [...syncs, ...actions, ...events].map(({ name, version }) => `${name}@${version}`)).sort();
    };

    test('a project is deployed, and its functions run', async () => {
        const text = await deployed();
        for (const name of ['tickets@v1.0.0', 'close-ticket@v2.1.0', 'explain@v1', 'welcome@v1']) assert.ok(text.includes(name), text);
        assert.deepEqual(await names(), ['close-ticket@2.1.0', 'explain@1', 'tickets@1.0.0', 'welcome@1']);
        assert.deepEqual(await trigger('explain', { what: 'digest' }), { digest: 'ebf49669', connection: 'customer' });
        assert.deepEqual(await trigger('close-ticket', { id: '7' }), { id: '7', closed: true });
    });

    test('errors are those of the function, with stacks in TypeScript', async () => {
        const thrown = await failure(trigger('explain', { what: 'error' }));
        assert.deepEqual([thrown.code, thrown.error.message], ['script_internal_error', 'there is no way']);
        const [first, second] = thrown.error.payload.stacktrace;
        assert.match(first, /lib\/digest\.ts:\d+/);
        assert.match(second, /desk\/actions\/explain\.ts:14:/, 'the line in the file, not in what the CLI made of it');
        const meant = await failure(trigger('explain', { what: 'action-error' }));
        assert.deepEqual([meant.code, meant.error.payload], ['action_script_runtime_error', { type: 'not_today', detail: 7 }]);
        const invalid = await failure(trigger('explain', { what: 'else' }));
        assert.equal(invalid.error.payload.errors[0].message, 'Invalid option: expected one of "digest"|"error"|"action-error"');
    });

    test('definitions are as complete as those of our own CLI', async () => {
        const [{ syncs: [sync], actions }] = await server.must('GET', '/scripts/config');
        assert.deepEqual(
            [sync.runs, sync.auto_start, sync.returns, sync.input, sync.features, sync.webhookSubscriptions],
            ['every hour', true, ['Ticket'], 'SyncMetadata_desk_tickets', ['checkpoints'], ['ticket.created']],
        );
        const { definitions } = sync.json_schema;
        assert.deepEqual(Object.keys(definitions).sort(), ['SyncCheckpoint_desk_tickets', 'SyncMetadata_desk_tickets', 'Ticket']);
        assert.equal(definitions.SyncMetadata_desk_tickets.required, undefined, 'what has a default need not be given');
        assert.deepEqual(actions.map(({ name, input, returns }) => [name, input, returns]).sort(), [
            ['close-ticket', 'ActionInput_desk_closeticket', ['ActionOutput_desk_closeticket']],
            ['explain', 'ActionInput_desk_explain', ['ActionOutput_desk_explain']],
        ]);
    });

    test('a sync saves what the customer chose', async () => {
        await synced(server, 'customer', { name: 'tickets', key: 'desk', status: 'SUCCESS' });
        const records = await allRecords(server, 'customer', 'Ticket', { key: 'desk' });
        assert.deepEqual(records.map(({ id, subject, priority }) => ({ id, subject, priority })), [
            { id: '1', subject: 'Printer', priority: 'high' }, { id: '2', subject: 'Paper', priority: null },
        ]);
    });

    test('dry runs record fixtures, and the generated tests pass with them', once, async () => {
        const sync = await nango('dryrun', 'tickets', 'customer', '-e', 'dev', '--save');
        assert.match(sync.text, /"added": 2/, sync.text);
        const action = await nango('dryrun', 'close-ticket', 'customer', '-e', 'dev', '-i', '{"id":"7"}', '--save');
        assert.match(action.text, /"closed": true/, action.text);
        const generated = await nango('generate:tests');
        assert.match(generated.text, /Generated 2 test file/, generated.text);
        const tested = await run('vitest', ['--run']);
        assert.match(tested.text, /3 passed/, tested.text);
    });

    test('the source of a function is pulled as it was written', once, async () => {
        const path = join(folder, 'desk/syncs/tickets.ts');
        await rm(path);
        const { code, text } = await nango('pull', 'desk', 'tickets', '-e', 'dev', '-s');
        assert.equal(code, 0, text);
        assert.equal(await readFile(path, 'utf8'), await readFile(here('nango-integrations/desk/syncs/tickets.ts'), 'utf8'));
    });

    test('a mistake is told in words', once, async () => {
        await cp(join(folder, 'desk'), join(folder, 'nowhere'), { recursive: true });
        await writeFile(join(folder, 'index.ts'), "import './nowhere/actions/explain.js';\n");
        const { code, text } = await nango('deploy', 'dev', '-a', 'explain');
        assert.notEqual(code, 0);
        assert.match(text, /no integration has the key nowhere/);
        await rm(join(folder, 'nowhere'), { recursive: true });
        await cp(here('nango-integrations/index.ts'), join(folder, 'index.ts'));
    });

    test('one function is deployed without the others', once, async () => {
        const path = join(folder, 'desk/actions/explain.ts');
        const source = await readFile(path, 'utf8');
        await writeFile(path, source.replace('there is no', 'nowhere is a').replace('Shows what', 'Shows how'));
        await writeFile(join(folder, 'index.ts'), "import './desk/actions/explain.js';\n");
        assert.match(await deployed('-a', 'explain'), /explain@v2/);
        assert.equal((await names()).length, 4, 'what is not named stays');
    });

    test('an integration is deployed with what is gone', once, async () => {
        const text = await deployed('-i', 'desk', '--allow-destructive');
        assert.match(text, /tickets/);
        assert.deepEqual(await names(), ['explain@2']);
    });
});
