import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { failure, onBoth, setUpCrm, start } from '../harness.mjs';

onBoth('hostile functions', (database) => {
    let server;
    before(async () => {
        const started = await start(database, {}, { BESPOKE_RUN_CPU: '1s', BESPOKE_RUN_MEMORY: '64', BESPOKE_ACTION_TIMEOUT: '4s' });
        ({ server } = started);
        await setUpCrm(server, started.upstream, { 'customer-a': {} });
        await server.must('POST', '/integrations', { body: { unique_key: 'hostile', provider: 'unauthenticated' } });
        await server.must('POST', '/connections', { body: { provider_config_key: 'hostile', connection_id: 'evil', credentials: { type: 'NONE' } } });
        await server.deploy();
    });
    const attack = (name) => server.nango.triggerAction('hostile', 'evil', 'hostile', { attack: name });
    const expected = {
        'endless-loop': ['execution_timeout'],
        'microtask-loop': ['execution_timeout'],
        'memory-bomb': ['function_runtime_out_of_memory'],
        'deep-recursion': ['script_internal_error'],
        'regex-bomb': ['execution_timeout', 'script_internal_error'],
        'shared-array': ['execution_timeout', 'function_runtime_out_of_memory', 'script_output_too_large'],
        'never-settles': ['script_internal_error', 'execution_timeout'],
        // On a busy machine the time ends before the output does.
        'huge-output': ['script_output_too_large', 'function_runtime_out_of_memory', 'execution_timeout'],
    };

    for (const [name, codes] of Object.entries(expected)) {
        test(`${name} fails with a clear code, and others go on`, async () => {
            const attacked = failure(attack(name));
            const others = Array.from({ length: 8 }, (_, index) => server.nango.triggerAction('crm', 'customer-a', 'echo', { index }));
            const answers = await Promise.all(others);
            assert.deepEqual(answers.map(({ index }) => index), [0, 1, 2, 3, 4, 5, 6, 7]);
            const { code, error } = await attacked;
            assert.ok(codes.includes(code), `${name}: ${JSON.stringify(error)}`);
            assert.equal((await server.call('GET', '/health')).status, 200);
        });
    }

    test('nothing leaks from one run to the next, and nothing is lying about', async () => {
        for (let round = 0; round < 5; round += 1) {
            await attack('pollution').catch(() => undefined);
            const seen = await attack('look-around');
            assert.equal(seen.polluted, null);
            assert.deepEqual(seen.map, [2]);
            assert.deepEqual(seen.globals, []);
            assert.deepEqual(seen.environment, [], 'process.env is there for packages, and empty');
            assert.notEqual(seen.evaluated, 1);
        }
    });
});
