import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { allRecords, failure, onBoth, setUpCrm, start, synced, until } from '../harness.mjs';

const contacts = [
    { id: 1, status: 'active', properties: { email: 'a@x', custom_field_123: 'A1', cf_456: 'B1' } },
    { id: 2, status: 'inactive', properties: { email: 'b@x', custom_field_123: 'A2', cf_456: 'B2' } },
    { id: 3, status: 'active', properties: { email: 'c@x', custom_field_123: 'A3', cf_456: 'B3' } },
];

onBoth('syncs and records', (database) => {
    let server;
    let upstream;
    let hold;
    before(async () => {
        ({ server, upstream } = await start(database, {
            'GET /contacts': ({ query }) => {
                const start = Number(query.get('cursor') ?? 0);
                const end = start + Number(query.get('limit'));
                return [200, { items: contacts.slice(start, end), ...(end < contacts.length ? { next: String(end) } : {}) }];
            },
            'GET /step': async () => {
                await hold;
                return [200, {}];
            },
        }));
        await setUpCrm(server, upstream, {
            'customer-a': { fieldMapping: { internal_id: 'custom_field_123' } },
            'customer-b': { fieldMapping: { internal_id: 'cf_456' }, filterStatus: 'active' },
            broken: null,
            bulk: { rows: 2500 },
            things: {},
            stepper: {},
        });
        await server.must('POST', '/integrations', { body: { unique_key: 'hostile', provider: 'unauthenticated' } });
        await server.deploy();
    });
    const run = async (connection, name, options) => {
        await server.nango.triggerSync('crm', [name], connection, options);
        return synced(server, connection, { name });
    };

    test('one sync serves two customers differently', async () => {
        for (const customer of ['customer-a', 'customer-b']) {
            const status = await run(customer, 'contacts');
            assert.deepEqual([status.status, status.latestExecutionStatus], ['PAUSED', 'SUCCESS']);
        }
        const shape = (records) => records.map(({ id, internalId, email }) => ({ id, internalId, email }));
        const contactsOf = async (customer) => shape(await allRecords(server, customer, 'Contact')).sort((x, y) => x.id.localeCompare(y.id));
        assert.deepEqual(await contactsOf('customer-a'), [
            { id: '1', internalId: 'A1', email: 'a@x' }, { id: '2', internalId: 'A2', email: 'b@x' }, { id: '3', internalId: 'A3', email: 'c@x' },
        ]);
        assert.deepEqual(await contactsOf('customer-b'), [{ id: '1', internalId: 'B1', email: 'a@x' }, { id: '3', internalId: 'B3', email: 'c@x' }]);
        await server.nango.updateMetadata('crm', 'customer-a', { fieldMapping: { internal_id: 'cf_456' } });
        const status = await run('customer-a', 'contacts');
        assert.deepEqual(status.latestResult, { Contact: { added: 0, updated: 3, deleted: 0 } });
        assert.deepEqual((await contactsOf('customer-a')).map(({ internalId }) => internalId), ['B1', 'B2', 'B3']);
    });

    test('a sync that starts by itself runs for old and for new connections', async () => {
        const body = { provider_config_key: 'crm', connection_id: 'newcomer', credentials: { type: 'API_KEY', apiKey: 'k' } };
        await server.must('POST', '/connections', { body });
        for (const connection of ['customer-a', 'newcomer']) {
            const status = await synced(server, connection, { name: 'heartbeat', status: 'SUCCESS' });
            const wait = new Date(status.nextScheduledSyncAt) - new Date(status.finishedAt);
            assert.ok(wait > 0 && wait <= 3_600_000, status.nextScheduledSyncAt);
            const [record] = await allRecords(server, connection, 'Beat');
            assert.equal(record.customer, connection);
        }
    });

    test('the status tells what there is to know', async () => {
        const status = await run('customer-b', 'contacts');
        assert.equal(status.name, 'contacts');
        assert.equal(status.variant, 'base');
        assert.equal(status.frequency, '1h');
        assert.deepEqual(status.recordCount, { Contact: 2 });
        assert.deepEqual(status.latestResult, { Contact: { added: 0, updated: 0, deleted: 0 } });
        assert.match(status.id, /^[0-9a-f-]{36}$/);
        const all = await server.nango.syncStatus('crm', '*', 'customer-b');
        assert.deepEqual(all.syncs.map(({ name }) => name).sort(), ['bulk', 'changes', 'contacts', 'heartbeat', 'slow']);
    });

    test('a failing run is an error that says why, and the next one can succeed', async () => {
        const status = await run('broken', 'contacts');
        assert.equal(status.latestExecutionStatus, 'STOPPED');
        await server.nango.setMetadata('crm', 'broken', { fieldMapping: { internal_id: 'cf_456' } });
        assert.deepEqual((await run('broken', 'contacts')).latestResult, { Contact: { added: 3, updated: 0, deleted: 0 } });
    });

    test('records come in pages, each once, and a cursor finds what is new', async () => {
        assert.deepEqual((await run('bulk', 'bulk')).latestResult, { Row: { added: 2500, updated: 0, deleted: 0 } });
        const records = await allRecords(server, 'bulk', 'Row', { limit: 700 });
        assert.equal(records.length, 2500);
        assert.equal(new Set(records.map(({ id }) => id)).size, 2500);
        const last = records.at(-1)._nango_metadata;
        assert.equal(last.last_action, 'ADDED');
        assert.match(last.last_modified_at, /^\d{4}-\d\d-\d\dT[\d:]+\.\d{6}\+00:00$/);
        assert.deepEqual((await server.nango.listRecords({ providerConfigKey: 'crm', connectionId: 'bulk', model: 'Row', cursor: last.cursor })).records, []);
        assert.deepEqual((await run('bulk', 'bulk')).latestResult, { Row: { added: 0, updated: 0, deleted: 0 } });
        assert.deepEqual((await server.nango.listRecords({ providerConfigKey: 'crm', connectionId: 'bulk', model: 'Row', cursor: last.cursor })).records, []);
        await server.nango.updateMetadata('crm', 'bulk', { note: 'changed' });
        assert.deepEqual((await run('bulk', 'bulk')).latestResult, { Row: { added: 0, updated: 2500, deleted: 0 } });
        assert.equal((await allRecords(server, 'bulk', 'Row', { cursor: last.cursor })).length, 2500);
    });

    test('records are saved, updated, deleted and filtered', async () => {
        const change = async (metadata) => {
            await server.nango.setMetadata('crm', 'things', metadata);
            return (await run('things', 'changes')).latestResult.Thing;
        };
        const thing = (id, more) => ({ id, name: `thing ${id}`, tags: ['a'], nested: { a: 1, b: 2 }, ...more });
        assert.deepEqual(await change({ save: [thing('1'), thing('2'), thing('3')] }), { added: 3, updated: 0, deleted: 0 });
        const reordered = { nested: { b: 2, a: 1 }, tags: ['a'], name: 'thing 1', id: '1' };
        assert.deepEqual(await change({ save: [reordered, thing('2', { name: 'new' })] }), { added: 0, updated: 1, deleted: 0 });
        assert.deepEqual(await change({ update: [{ id: '3', nested: { a: 9 }, tags: [] }, { id: 'unknown', name: 'x' }] }), { added: 0, updated: 1, deleted: 0 });
        assert.deepEqual(await change({ remove: [{ id: '1' }, { id: 'unknown' }] }), { added: 0, updated: 0, deleted: 1 });
        const records = await allRecords(server, 'things', 'Thing');
        const byId = Object.fromEntries(records.map((record) => [record.id, record]));
        assert.deepEqual(byId['3'].nested, { a: 9, b: 2 });
        assert.deepEqual(byId['3'].tags, []);
        assert.equal(byId['1']._nango_metadata.last_action, 'DELETED');
        assert.equal(byId['1'].name, 'thing 1', 'the last payload is kept');
        assert.ok(byId['1']._nango_metadata.deleted_at);
        const ids = async (filter) => (await allRecords(server, 'things', 'Thing', { filter })).map(({ id }) => id).sort();
        assert.deepEqual(await ids('deleted'), ['1']);
        assert.deepEqual(await ids('updated'), ['2', '3']);
        assert.deepEqual(await ids('updated,deleted'), ['1', '2', '3']);
        assert.deepEqual(await ids('added'), []);
        const some = await server.nango.listRecords({ providerConfigKey: 'crm', connectionId: 'things', model: 'Thing', ids: ['2', '3'] });
        assert.equal(some.records.length, 2);
        assert.deepEqual(await change({ save: [thing('1')] }), { added: 1, updated: 0, deleted: 0 });
        const pruned = await server.nango.pruneRecords({ providerConfigKey: 'crm', connectionId: 'things', model: 'Thing', untilCursor: byId['2']._nango_metadata.cursor })
            .catch(() => server.must('PATCH', '/records/prune', { headers: { 'provider-config-key': 'crm', 'connection-id': 'things' }, body: { model: 'Thing', until_cursor: byId['2']._nango_metadata.cursor } }));
        assert.equal(pruned.count, 1);
    });

    test('what is wrong with a question about records is named', async () => {
        const ask = (query, headers = { 'provider-config-key': 'crm', 'connection-id': 'things' }) => server.call('GET', `/records/?${query}`, { headers });
        const cases = [
            ['model=Thing&cursor=nonsense', undefined, 400],
            ['model=thing', undefined, 400],
            ['', undefined, 400],
            ['model=Thing&limit=0', undefined, 400],
            ['model=Thing&limit=10001', undefined, 400],
            ['model=Thing&filter=nothing', undefined, 400],
            ['model=Thing&modified_after=2020-01-01T00:00:00%2B02:00', undefined, 400],
            ['model=Thing&unknown=1', undefined, 400],
            ['model=Thing', { 'provider-config-key': 'crm', 'connection-id': 'nobody' }, 400],
            ['model=Thing', {}, 400],
        ];
        for (const [query, headers, status] of cases) assert.equal((await ask(query, headers)).status, status, query);
        assert.deepEqual((await ask('model=Unknown')).body, { records: [], next_cursor: null });
    });

    test('a sync does not overlap itself, and pausing stops it', async () => {
        let release;
        hold = new Promise((done) => {
            release = done;
        });
        await server.nango.triggerSync('crm', ['slow'], 'stepper');
        await until('the run to ask the upstream', () => upstream.seen.some(({ path }) => path === '/step'));
        const running = (await server.nango.syncStatus('crm', ['slow'], 'stepper')).syncs[0];
        assert.equal(running.status, 'RUNNING');
        await server.nango.triggerSync('crm', ['slow'], 'stepper');
        assert.equal(upstream.seen.filter(({ path }) => path === '/step').length, 1);
        await server.nango.pauseSync('crm', ['slow'], 'stepper');
        release();
        const paused = await until('the sync to be paused', async () => {
            const [sync] = (await server.nango.syncStatus('crm', ['slow'], 'stepper')).syncs;
            return sync.status === 'PAUSED' && sync;
        });
        assert.equal(paused.nextScheduledSyncAt, null);
        hold = undefined;
        await server.nango.startSync('crm', ['slow'], 'stepper');
        const done = await synced(server, 'stepper', { name: 'slow', status: 'SUCCESS' });
        assert.ok(done.nextScheduledSyncAt);
        assert.equal((await allRecords(server, 'stepper', 'Step')).length, 20);
        const frequency = await server.nango.updateSyncConnectionFrequency('crm', 'slow', 'stepper', 'every half hour');
        assert.equal(frequency.frequency, '30m');
        assert.equal((await failure(server.nango.updateSyncConnectionFrequency('crm', 'slow', 'stepper', 'every 1s'))).status, 400);
        await server.nango.updateSyncConnectionFrequency('crm', 'slow', 'stepper', null);
    });

    test('a full refresh can empty the cache', async () => {
        await server.nango.setMetadata('crm', 'bulk', { rows: 10 });
        const kept = await run('bulk', 'bulk', { reset: true });
        assert.deepEqual(kept.recordCount, { Row: 2500 });
        const emptied = await run('bulk', 'bulk', { reset: true, emptyCache: true });
        assert.deepEqual(emptied.recordCount, { Row: 10 });
    });

    test('names that do not exist are refused', async () => {
        const cases = [
            [() => server.nango.triggerSync('crm', ['no-such'], 'bulk'), 400, 'no_syncs_found'],
            [() => server.nango.triggerSync('nothing', ['bulk'], 'bulk'), 400, 'unknown_provider_config'],
            [() => server.nango.triggerSync('crm', ['bulk'], 'nobody'), 404, 'unknown_connection'],
            [() => server.nango.pauseSync('crm', ['bulk'], 'nobody'), 404, 'unknown_connection'],
            [() => server.nango.syncStatus('crm', '*', 'nobody'), 400, 'invalid_body'],
        ];
        for (const [call, status, code] of cases) {
            const refused = await failure(call());
            assert.deepEqual([refused.status, refused.code], [status, code], code);
        }
    });
});
