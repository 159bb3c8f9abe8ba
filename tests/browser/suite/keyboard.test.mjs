// The frame of the dashboard without a mouse.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { axe, browserTest, shot, suiteServer, visit } from '../browser.mjs';

describe('by keyboard', () => {
    const { there, signedIn } = suiteServer();
    const focused = (page) => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent);

    for (const theme of ['light', 'dark']) {
        browserTest(`the palette finds a customer (${theme})`, there, () => ({ ...signedIn(), theme }), async (page) => {
            await visit(page, '/app/dev/settings/account');
            await page.keyboard.press('Control+k');
            await page.getByRole('dialog', { name: 'Search or jump to' }).waitFor();
            await page.getByRole('option', { name: 'Connections' }).waitFor();
            await page.keyboard.type('customer-b');
            await page.getByRole('option', { name: /customer-b/ }).waitFor();
            await axe(page);
            await shot(page, `palette ${theme}`);
            await page.keyboard.press('Enter');
            await page.waitForURL(/\/connections\/hubspot\/customer-b/);
        });
    }

    browserTest('the palette says so when there is nothing, and Escape gives the focus back', there, signedIn, async (page) => {
        await visit(page, '/app/dev/overview');
        await page.getByRole('button', { name: 'Search or jump to' }).focus();
        await page.keyboard.press('Enter');
        await page.getByRole('combobox', { name: 'Search or jump to' }).fill('zzz');
        await page.getByText('Nothing is called “zzz” here.').waitFor();
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
        assert.match(await focused(page), /^Search or jump to/);
    });

    browserTest('letters lead to places until they are switched off', there, signedIn, async (page) => {
        await visit(page, '/app/dev/overview');
        await page.keyboard.press('g');
        await page.keyboard.press('c');
        await page.waitForURL(/\/app\/dev\/connections/);
        await page.getByRole('heading', { name: 'Connections', level: 1 }).waitFor();
        await page.keyboard.press('?');
        await page.getByRole('dialog', { name: 'Keys' }).waitFor();
        await page.getByText('Go to Overview').waitFor();
        await axe(page);
        await shot(page, 'keys light');
        await page.getByRole('switch', { name: 'Single-letter keys' }).press('Space');
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
        await page.keyboard.press('g');
        await page.keyboard.press('o');
        await page.waitForTimeout(300);
        assert.match(page.url(), /\/app\/dev\/connections/);
    });

    browserTest('the first stop leads past the sidebar', there, signedIn, async (page) => {
        await visit(page, '/app/dev/settings/account');
        await page.keyboard.press('Tab');
        assert.equal(await focused(page), 'Skip to content');
        await page.keyboard.press('Enter');
        assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
    });

    browserTest('the drawer of a phone closes when one has gone somewhere', there, () => ({ ...signedIn(), phone: true }), async (page) => {
        await visit(page, '/app/dev/overview');
        await page.getByRole('button', { name: 'Menu' }).click();
        const drawer = page.getByRole('dialog', { name: 'Menu' });
        await drawer.waitFor();
        await axe(page);
        await shot(page, 'drawer phone');
        await drawer.getByRole('link', { name: 'Settings' }).click();
        await page.waitForURL(/\/settings\//);
        await drawer.waitFor({ state: 'detached' });
    });
});
