import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { allRecords, onBoth, setUpCrm, start, synced, until } from '../harness.mjs';

onBoth('starting and stopping', (database) => {
    let server;
    let upstream;
    let hold;
    before(async () => {
        ({ server, upstream } = await start(database, {
            '*': async () => {
                await hold;
                return [200, { ok: true }];
            },
        }, { BESPOKE_LOG: 'info', BESPOKE_LOG_FORMAT: 'json' }));
        await setUpCrm(server, upstream, { 'customer-a': {} });
        await server.must('POST', '/integrations', { body: { unique_key: 'hostile', provider: 'unauthenticated' } });
        await server.deploy();
    });

    test('a stop lets requests finish, hands runs back, and the next start takes them up', async () => {
        let release;
        hold = new Promise((done) => {
            release = done;
        });
        await server.nango.triggerSync('crm', ['slow'], 'customer-a');
        await until('the sync to ask the upstream', () => upstream.seen.some(({ path }) => path === '/step'));
        const request = server.nango.get({ providerConfigKey: 'crm', connectionId: 'customer-a', endpoint: '/in-flight' });
        await until('the request to be in flight', () => upstream.seen.some(({ path }) => path === '/in-flight'));
        const stopped = server.terminate();
        await until('new connections to be refused', () => fetch(`${server.url}/health`).then(() => false, () => true));
        release();
        assert.deepEqual((await request).data, { ok: true });
        await stopped;
        assert.equal(server.process.exitCode, 0);
        await server.start();
        const status = await synced(server, 'customer-a', { name: 'slow' });
        assert.equal(status.latestExecutionStatus, 'SUCCESS');
        assert.equal((await allRecords(server, 'customer-a', 'Step')).length, 20);
    });

    test('log lines are JSON and hold no secrets', async () => {
        await server.call('GET', '/integrations', { key: 'd6e1f6a8-3f0f-4d1c-9a60-0a4b1d1c2e3f' });
        assert.ok(server.log.length > 0);
        for (const line of server.log) {
            const entry = JSON.parse(line);
            assert.ok(entry.timestamp && entry.level, line);
        }
        const text = server.log.join('\n');
        for (const secret of [server.keys.dev, 'key-of-customer-a', 'd6e1f6a8-3f0f']) assert.ok(!text.includes(secret), secret);
    });

    test('what was acknowledged is there after a restart', async () => {
        await server.nango.setMetadata('crm', 'customer-a', { kept: true });
        await server.terminate();
        await server.start();
        assert.deepEqual(await server.nango.getMetadata('crm', 'customer-a'), { kept: true });
        const connection = await server.nango.getConnection('crm', 'customer-a');
        assert.equal(connection.credentials.apiKey, 'key-of-customer-a');
    });
});
