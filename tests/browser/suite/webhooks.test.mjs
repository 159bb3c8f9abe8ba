// Webhooks in the settings: where they go, what was sent, what the backend answered, and sending again.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, describe } from 'node:test';
import { axe, browserTest, fitsScreen, looks, shot, suiteServer, visit } from '../browser.mjs';

describe('webhooks', () => {
    let backend;
    let address;
    /** What the backend answers, and what it got. */
    let status = 410;
    const got = [];
    const startBackend = async () => {
        backend = createServer(async (request, response) => {
            let body = '';
            for await (const part of request) body += part;
            got.push(JSON.parse(body));
            response.writeHead(status).end(status === 410 ? 'moved to another house' : undefined);
        }).listen(0, '127.0.0.1');
        await once(backend, 'listening');
        address = `http://127.0.0.1:${backend.address().port}/bespoke`;
        return { env: { BESPOKE_OUTBOUND_ALLOW: '127.0.0.1' } };
    };
    const suite = suiteServer({ options: startBackend });
    const { there, signedIn } = suite;
    after(() => backend?.close());

    browserTest('a webhook that the backend refused is found, read and sent again', there, signedIn, async (page) => {
        await visit(page, '/app/dev/settings/webhooks');
        await page.getByText('Nothing was sent yet').waitFor();
        await page.getByLabel('URL', { exact: true }).fill(address);
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByText('The webhook addresses are saved').waitFor();
        await page.getByRole('switch', { name: 'Configuration changed' }).click();
        await page.getByText('the paths that changed, who did it and why. Never the values.').waitFor();
        await suite.server.must('PATCH', '/connections/customer-a/metadata?provider_config_key=hubspot', { body: { filterStatus: 'active' } });

        await visit(page, '/app/dev/settings/webhooks?state=failed');
        const line = page.getByRole('button', { name: 'Configuration changed customer-a' });
        for (let turn = 0; turn < 20 && !(await line.isVisible()); turn += 1) {
            await page.waitForTimeout(500);
            await visit(page, '/app/dev/settings/webhooks?state=failed');
        }
        await line.click();
        const drawer = page.getByRole('dialog', { name: 'Configuration changed' });
        await drawer.getByText('moved to another house').waitFor();
        await drawer.getByText('/filterStatus').waitFor();
        assert.match(page.url(), /delivery=\d+/);
        await axe(page);
        await shot(page, 'delivery light');

        status = 204;
        const before = got.length;
        await drawer.getByRole('button', { name: 'Send again' }).click();
        await drawer.getByText('Delivered').waitFor();
        assert.equal(got.length, before + 1);
        assert.deepEqual(got.at(-1), got[0]);
        await page.keyboard.press('Escape');
        await page.getByText('No webhook is failed').waitFor();
    });

    for (const { name: look, ...options } of looks) {
        browserTest(`the delivery log, ${look}`, there, () => ({ ...signedIn(), ...options }), async (page) => {
            await visit(page, '/app/dev/settings/webhooks');
            const list = page.getByRole('list', { name: 'Deliveries' });
            await list.scrollIntoViewIfNeeded();
            await shot(page, `deliveries ${look}`);
            await axe(page);
            await fitsScreen(page);
        });
    }
});
