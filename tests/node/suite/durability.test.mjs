import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allRecords, onBoth, setUpCrm, start, synced, until } from '../harness.mjs';

const ROUNDS = 50;

onBoth('kill -9', (database) => {
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
            return status.recordCount.Row === 20_000;
        }, 120);
        const records = await allRecords(server, 'bulk', 'Row', { limit: 10_000 });
        assert.equal(records.length, 20_000);
        assert.equal(new Set(records.map(({ id }) => id)).size, 20_000);
    });
});
