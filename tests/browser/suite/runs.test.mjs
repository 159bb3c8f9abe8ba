// Runs and their drawer, the live log, and the playground.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { axe, browserTest, shot, suiteServer, visit } from '../browser.mjs';

describe('runs', () => {
    const suite = suiteServer({
        prepare: async (server) => {
            await server.must('PATCH', '/connections/customer-a/metadata?provider_config_key=hubspot', { body: { fieldMapping: { internal_id: 'custom_field_9' } } });
        },
    });
    const { there, signedIn } = suite;

    for (const theme of ['light', 'dark']) {
        browserTest(`the drawer tells of a run, and tries another revision (${theme})`, there, () => ({ ...signedIn(), theme }), async (page) => {
            await visit(page, '/app/dev/runs?customer=customer-a');
            await page.getByRole('button', { name: /^contacts/ }).click();
            const drawer = page.getByRole('dialog', { name: /contacts/ });
            await drawer.getByText('/fieldMapping/internal_id').waitFor();
            assert.match(page.url(), /run=/);
            await drawer.getByRole('heading', { name: 'HTTP calls' }).waitFor();
            await shot(page, `run ${theme}`);
            await axe(page);
            await drawer.getByRole('combobox', { name: 'Revision' }).click();
            await page.getByRole('option', { name: /revision 2/ }).click();
            await drawer.getByRole('button', { name: 'Run again with revision 2' }).click();
            await drawer.getByText('Nothing was written.', { exact: false }).last().waitFor();
            await drawer.getByRole('heading', { name: 'Records that would differ' }).waitFor();
            await axe(page);
            await page.keyboard.press('Escape');
            await drawer.waitFor({ state: 'detached' });
            assert.doesNotMatch(page.url(), /run=/);
        });
    }

    browserTest('a line appears in the log as it is written', there, signedIn, async (page) => {
        await visit(page, '/app/dev/runs?view=logs&tail=true&customer=customer-b');
        await page.getByRole('row').nth(1).waitFor();
        const before = await page.getByText('sync succeeded').count();
        await suite.server.sync('customer-b');
        await page.waitForFunction((count) => [...document.querySelectorAll('[role=row]')].filter((row) => row.textContent.includes('sync succeeded')).length > count, before);
        await axe(page);
    });

    browserTest('a function is tried in the playground, and then run', there, signedIn, async (page) => {
        await visit(page, '/app/dev/playground?integration=hubspot&customer=customer-a&fn=action%3Alist-custom-fields');
        await page.getByRole('button', { name: 'Dry run' }).click();
        await page.getByText('Nothing was written.', { exact: false }).waitFor();
        await page.getByRole('button', { name: 'Run', exact: true }).click();
        await page.getByRole('link', { name: 'Open the run' }).waitFor();
        await page.getByLabel('Output').getByText('custom_field_123').waitFor();
        await axe(page);
        await shot(page, 'playground light');
    });
});
