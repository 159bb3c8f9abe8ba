// The overview tells what the server counted, over time, by integration and by function.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { axe, browserTest, fitsScreen, looks, settled, shot, suiteServer, visit } from '../browser.mjs';

describe('overview', () => {
    const suite = suiteServer();
    const { there, signedIn } = suite;

    /** The number under a figure's name. */
    const figure = (page, name) => page.locator('dl div', { has: page.getByText(name, { exact: true }) }).locator('dd').first().innerText();

    browserTest('figures, tables and charts say the same as the API', there, signedIn, async (page) => {
        const { data } = await suite.server.must('GET', '/activity?period=24h');
        await visit(page, '/app/dev/overview');
        await page.getByRole('button', { name: 'Show as table: Runs' }).waitFor();
        assert.equal(await figure(page, 'Runs'), String(data.figures.runs));
        assert.equal(await figure(page, 'Records changed'), String(data.figures.records_changed));
        await page.getByRole('img', { name: new RegExp(`^Runs over time\\. ${data.figures.runs} runs`) }).waitFor();
        await page.getByRole('button', { name: 'Show as table: Runs' }).click();
        const table = page.getByRole('group', { name: 'Runs over time' });
        assert.equal(await table.getByRole('row').count(), data.series.length + 1);

        await page.getByRole('button', { name: '30 days' }).click();
        await page.waitForURL(/period=30d/);
        await page.waitForFunction((count) => document.querySelectorAll('[role=group] tbody')[0]?.rows.length === count, 30).catch(() => assert.fail('30 days are 30 points'));
        const [integration] = data.integrations;
        await page.getByRole('link', { name: integration.provider_config_key, exact: true }).first().click();
        await page.waitForURL(/integration=hubspot/);
        await page.getByRole('combobox', { name: 'Integration' }).waitFor();
        await axe(page);

        await page.getByRole('group', { name: 'Slowest functions' }).getByRole('link', { name: 'contacts' }).click();
        await page.waitForURL(/\/runs\?.*function=contacts/);
        await page.getByRole('table', { name: 'Runs' }).waitFor();
    });

    for (const { name: look, ...options } of looks) {
        browserTest(`a month of one integration, ${look}`, there, () => ({ ...signedIn(), ...options }), async (page) => {
            await visit(page, '/app/dev/overview?period=30d&integration=hubspot');
            await page.getByRole('img', { name: /^Runs over time/ }).locator('canvas').waitFor();
            await settled(page);
            await shot(page, `overview month ${look}`);
            await axe(page);
            await fitsScreen(page);
        });
    }
});
