import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allRecords, onBoth, setUpCrm, start, synced, until } from '../harness.mjs';

const ROUNDS = 50;

const CUSTOMERS = 600;

/** A deployment of the `config.ts` of `hostile` as the bundler leaves it; its steps take their time. */
const config = (version, steps) => ({
    functions: [{
        integration: 'hostile', kind: 'config', name: 'config', modules: ['config.js'], version: `${version}`,
        source: { path: 'hostile/config.ts', code: '' }, metadata: 'Config', json_schema: { definitions: { Config: { type: 'object' } } },
        config: { version, migrate: steps },
    }],
    modules: { 'config.js': { code: `export default { type: 'config', version: ${version}, migrate: { 2: (old) => {
        for (const end = Date.now() + 4; Date.now() < end;);
        return { ...old, migrated: (old.migrated ?? 0) + 1 };
    } } };` } },
    scope: { kind: 'named' },
});

onBoth('kill -9', (database) => {
    test(`during a migration leaves each of ${CUSTOMERS} connections with one revision of it`, { timeout: 300_000 }, async () => {
        const { server } = await start(database, { '*': () => [200, {}] });
        await server.must('POST', '/integrations', { body: { unique_key: 'hostile', provider: 'unauthenticated' } });
        const ids = Array.from({ length: CUSTOMERS }, (_, index) => `customer-${index}`);
        await Promise.all(ids.map((id) => server.must('POST', '/connections', {
            body: { provider_config_key: 'hostile', connection_id: id, credentials: { type: 'NONE' }, metadata: { id } },
        })));
        await server.must('POST', '/deployments', { body: config(1, []) });
        await server.must('POST', '/deployments', { body: config(2, [2]) });
        const left = async () => {
            const page = await server.must('POST', '/integrations/hostile/metadata/migrate', { body: { dry_run: true, limit: 1 } });
            return page.connections.length;
        };
        let kills = 0;
        while (await left()) {
            await new Promise((done) => setTimeout(done, 300 + kills * 150));
            if (await left()) kills += 1;
            await server.kill();
            await server.start();
            if (kills > 4) await until('the migration to end', async () => !(await left()), 120);
        }
        assert.ok(kills > 1, `it was killed ${kills} times`);
        for (const id of ids) {
            const { revisions } = await server.must('GET', `/connections/${id}/metadata/revisions?provider_config_key=hostile`);
            assert.deepEqual(revisions.map(({ source }) => source), ['migration', 'import'], id);
            assert.deepEqual(await server.nango.getMetadata('hostile', id), { id, migrated: 1 });
        }
    });

    test(`${ROUNDS} times during metadata writes and a running sync loses nothing`, { timeout: 600_000 }, async () => {
        const { server, upstream } = await start(database, { '*': () => [200, {}] }, { BESPOKE_WORKERS: '4' });
        await setUpCrm(server, upstream, { writer: {}, bulk: { rows: 20_000 } });
        await server.must('POST', '/integrations', { body: { unique_key: 'hostile', provider: 'unauthenticated' } });
        await server.deploy();
        const acknowledged = new Set();
        for (let round = 0; round < ROUNDS; round += 1) {
            const sync = server.nango.triggerSync('crm', ['bulk'], 'bulk').catch(() => undefined);
            let killed = false;
            const writers = Array.from({ length: 8 }, async (_, writer) => {
                for (let write = 0; !killed; write += 1) {
                    const key = `${round}-${writer}-${write}`;
                    try {
                        await server.nango.updateMetadata('crm', 'writer', { [key]: 1 });
                        acknowledged.add(key);
                    } catch {
                        return;
                    }
                }
            });
            await until('some writes', () => [...acknowledged].some((key) => key.startsWith(`${round}-`)));
            // Not always at the same point: the rounds differ in how much they let through.
            await new Promise((done) => setTimeout(done, (round * 7) % 60));
            await server.kill();
            killed = true;
            await Promise.all([sync, ...writers]);
            await server.start();
        }
        const stored = await server.nango.getMetadata('crm', 'writer');
        const lost = [...acknowledged].filter((key) => !(key in stored));
        assert.deepEqual(lost, [], `${acknowledged.size} writes were acknowledged`);
        // The run that the last kill interrupted is taken up again when its lease has ended.
        await until('the sync to be whole', async () => {
            const status = await synced(server, 'bulk', { name: 'bulk' });
            if (status.recordCount.Row === 20_000) return true;
            // On a slow machine the last kill can be one too many for its run: that fails, and is asked for again.
            await server.nango.triggerSync('crm', ['bulk'], 'bulk');
            return false;
        }, 120);
        const records = await allRecords(server, 'bulk', 'Row', { limit: 10_000 });
        assert.equal(records.length, 20_000);
        assert.equal(new Set(records.map(({ id }) => id)).size, 20_000);
    });
});
