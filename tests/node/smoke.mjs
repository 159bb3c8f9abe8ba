// `make demo` from start to stop on the release binary: what it prints is true, and the printed change works.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Nango } from '@nangohq/node';
import { until } from './harness.mjs';

const secretKey = randomUUID();
const script = fileURLToPath(new URL('../../examples/demo/demo.mjs', import.meta.url));
const env = { PATH: process.env.PATH, HOME: process.env.HOME, BESPOKE_SECRET_KEY_DEV: secretKey, BESPOKE_LISTEN: '127.0.0.1:0' };
const demo = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
const lines = [];
createInterface({ input: demo.stdout }).on('line', (line) => lines.push(line));
const ended = once(demo, 'exit');
let gone = false;
ended.then(() => {
    gone = true;
});
await until('the demo to be ready', () => {
    if (gone) throw new Error(`the demo ended early:\n${lines.join('\n')}`);
    return lines.some((line) => line.includes('Ctrl-C'));
}, 120);

const text = lines.join('\n');
assert.match(text, /A-1001.*B\/1/s, 'both customers are printed');
const host = /Bespoke listens at (\S+),/.exec(text)[1];
const nango = new Nango({ host, secretKey });
const contact = { providerConfigKey: 'hubspot', connectionId: 'customer-a', model: 'Contact' };
const before = await nango.listRecords(contact);
assert.ok(before.records.every(({ internalId }) => internalId.startsWith('A-')));
const b = await nango.listRecords({ ...contact, connectionId: 'customer-b' });
assert.equal(b.records.length, 6, "customer B's filter leaves six of nine");
await nango.updateMetadata('hubspot', 'customer-a', { fieldMapping: { internal_id: 'custom_field_9' } });
await nango.triggerSync('hubspot', ['contacts'], 'customer-a');
await until('the records to change', async () => {
    const { records } = await nango.listRecords(contact);
    return records.length === 6 && records.every(({ internalId }) => internalId.startsWith('CC-'));
});
const fields = await nango.triggerAction('hubspot', 'customer-a', 'list-custom-fields', {});
assert.match(JSON.stringify(fields), /custom_field_9/);
demo.kill('SIGINT');
await ended;
console.log('smoke: the demo works');
