import { createAction } from 'nango';
import { z } from 'zod';

const attacks: Record<string, () => unknown> = {
    'endless-loop': () => {
        for (;;);
    },
    'microtask-loop': async () => {
        for (;;) await null;
    },
    'memory-bomb': () => {
        const held: unknown[] = [];
        for (;;) held.push(new Array(100_000).fill('x'));
    },
    'deep-recursion': () => {
        const dive = (depth: number): number => dive(depth + 1) + 1;
        return dive(0);
    },
    'regex-bomb': () => /^(a+)+$/.test(`${'a'.repeat(40)}!`),
    'shared-array': () => {
        let value: unknown[] = ['x'];
        for (let level = 0; level < 30; level += 1) value = [value, value];
        return JSON.stringify(value).length;
    },
    'never-settles': () => new Promise(() => {}),
    'huge-output': () => 'x'.repeat(20 * 1024 * 1024),
    pollution: () => {
        (Object.prototype as Record<string, unknown>)['polluted'] = 'yes';
        (Array.prototype as unknown as Record<string, unknown>)['map'] = () => ['stolen'];
        JSON.stringify = () => '"forged"';
        return { done: true };
    },
    'look-around': () => ({
        polluted: ({} as Record<string, unknown>)['polluted'] ?? null,
        map: [1].map((one) => one + 1),
        evaluated: (() => {
            try {
                return new Function('return 1')();
            } catch (error) {
                return String(error);
            }
        })(),
        environment: Object.keys((globalThis as { process?: { env?: object } }).process?.env ?? {}),
        globals: ['require', 'Deno', 'std', 'os', 'native', '__host', 'scriptArgs'].filter((name) => name in globalThis),
    }),
};

export default createAction({
    description: 'Attacks the runtime',
    input: z.object({ attack: z.string() }),
    output: z.any(),
    exec: async (_nango, input) => attacks[input.attack]!(),
});
