import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { onBoth, start } from '../harness.mjs';

const SIZE = 1_000;
const ROUNDS = 6;
const FLEET = '/integrations/fleet/metadata';

onBoth('kill -9 while many connections are changed', (database) => {
    let server;
    const ids = Array.from({ length: SIZE }, (_, number) => `c${String(number).padStart(4, '0')}`);

    before(async () => {
        ({ server } = await start(database));
        await server.must('POST', '/integrations', { body: { unique_key: 'fleet', provider: 'unauthenticated' } });
        const metadata = Object.fromEntries(Array.from({ length: ROUNDS + 1 }, (_, round) => [`key${round}`, { value: 'shared' }]));
        const rest = [...ids];
        const make = async () => {
            for (let connection_id = rest.shift(); connection_id; connection_id = rest.shift()) {
                await server.must('POST', '/connections', { body: { provider_config_key: 'fleet', connection_id, credentials: { type: 'NONE' }, metadata } });
            }
        };
        await Promise.all(Array.from({ length: 16 }, make));
    });

    /** How long `work` takes where nobody kills it. */
    const milliseconds = async (work) => {
        const begin = Date.now();
        await work();
        return Date.now() - begin;
    };

    /** Kills the server when a part of `whole` milliseconds is over; true where it answered before. */
    const killed = async (work, whole, part) => {
        const answered = work().then(() => true, () => false);
        await new Promise((done) => setTimeout(done, whole * part));
        await server.kill();
        const is_done = await answered;
        await server.start();
        return is_done;
    };

    const verified = async () => {
        const { checked, broken } = await server.must('GET', '/metadata/revisions/verify');
        assert.deepEqual(broken, []);
        return checked;
    };

    test('a promotion is done for all of them or for none', { timeout: 300_000 }, async () => {
        const promote = (round) => server.must('POST', `${FLEET}/promote`, { body: { path: `/key${round}/value`, value: 'shared' } });
        const whole = await milliseconds(() => promote(ROUNDS));
        let interrupted = 0;
        for (let round = 0; round < ROUNDS; round += 1) {
            const is_done = await killed(() => promote(round), whole, (round + 1) / (ROUNDS + 1));
            const { paths } = await server.must('GET', `${FLEET}/fleet?path=/key${round}`);
            const { defaults } = await server.must('GET', `${FLEET}/defaults`);
            const own = paths[0]?.set ?? 0;
            if (defaults[`key${round}`]) assert.equal(own, 0, 'the default is there, and nobody has it as his own');
            else {
                assert.equal(own, SIZE, 'there is no default, and everybody has it as his own');
                assert.equal(is_done, false, 'what was answered is there');
                interrupted += 1;
            }
            const { effective } = await server.must('GET', `/connections/${ids[round]}/metadata?provider_config_key=fleet`);
            assert.equal(effective[`key${round}`].value, 'shared');
        }
        assert.ok(interrupted > 0, 'no promotion was interrupted');
        await verified();
    });

    test('a bulk change keeps the batches that were done, and can be done again', { timeout: 300_000 }, async () => {
        const change = (bulk) => server.must('POST', `${FLEET}/bulk`, { body: { connection_ids: ids, merge_patch: { bulk } } });
        const whole = await milliseconds(() => change(-1));
        let interrupted = 0;
        for (let round = 0; round < ROUNDS; round += 1) {
            await killed(() => change(round), whole, (round + 1) / (ROUNDS + 1));
            const again = await server.must('POST', `${FLEET}/bulk`, { body: { connection_ids: ids, merge_patch: { bulk: round }, dry_run: true } });
            const isDone = again.results.map(({ outcome }) => outcome === 'unchanged');
            const batches = Array.from({ length: SIZE / 100 }, (_, batch) => isDone.slice(batch * 100, batch * 100 + 100));
            const partial = batches.findIndex((batch) => !batch.every(Boolean));
            if (partial >= 0) {
                interrupted += 1;
                assert.ok(batches.slice(partial + 1).flat().every((done) => !done), 'no batch began before the one before it was done');
            }
            const rest = await change(round);
            assert.deepEqual([rest.changed, rest.failed], [again.changed, 0]);
        }
        assert.ok(interrupted > 0, 'no change was interrupted');
        assert.ok((await verified()) >= SIZE * (ROUNDS + 2));
    });
});
