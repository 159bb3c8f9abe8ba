// Setting up, signing in and out.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { axe, browserTest, settled, shot, suiteServer, visit } from '../browser.mjs';
import { admin } from '../server.mjs';

describe('signing in', () => {
    const suite = suiteServer({ fill: false, admin: false });
    const { there } = suite;

    browserTest('the printed link makes the first administrator, once', there, {}, async (page) => {
        assert.match(suite.server.setupLink ?? '', /\/setup\?token=/);
        await visit(page, suite.server.setupLink);
        await axe(page);
        await shot(page, 'setup light');
        await page.getByLabel('E-mail').fill(admin.email);
        await page.getByLabel('Name').fill(admin.name);
        await page.getByRole('textbox', { name: 'Password' }).fill('short');
        await page.getByRole('button', { name: 'Create administrator' }).click();
        await page.getByText('Use at least 10 characters').waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.name), 'password');
        await page.getByRole('textbox', { name: 'Password' }).fill(admin.password);
        await page.getByRole('button', { name: 'Create administrator' }).click();
        await page.waitForURL(/\/app\/dev\//);
        await settled(page);
        await page.getByText(admin.name).waitFor();
        await visit(page, suite.server.setupLink);
        await page.getByRole('heading', { name: 'Bespoke is set up' }).waitFor();
    });

    browserTest('one signs in where one wanted to go, and out', there, {}, async (page) => {
        await visit(page, '/app/dev/settings/account');
        await page.waitForURL(/\/sign-in\?next=/);
        await page.getByLabel('E-mail').fill(admin.email);
        await page.getByRole('textbox', { name: 'Password' }).fill(admin.password);
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/app\/dev\/settings\/account/);
        await page.getByRole('heading', { name: 'Your sign-in' }).waitFor();
        await page.getByRole('button', { name: new RegExp(admin.name) }).click();
        await page.getByRole('menuitem', { name: 'Sign out' }).click();
        await page.waitForURL(/\/sign-in/);
        await visit(page, '/app/dev');
        await page.waitForURL(/\/sign-in/);
    });

    for (const theme of ['light', 'dark']) {
        browserTest(`a wrong password is told, and too many of them (${theme})`, there, { theme }, async (page) => {
            await visit(page, '/sign-in?next=https://evil.example/app');
            await axe(page);
            await shot(page, `sign-in ${theme}`);
            await page.getByLabel('E-mail').fill(`nobody-${theme}@acme.test`);
            const password = page.getByRole('textbox', { name: 'Password' });
            const button = page.getByRole('button', { name: 'Sign in' });
            const throttled = page.getByText(/Too many tries\. Try again in \d+ s\./);
            const wrong = page.getByText('E-mail or password is not right.');
            for (let tries = 0; tries < 30 && !(await throttled.isVisible()); tries += 1) {
                await password.fill(`wrong ${tries}`);
                const answer = page.waitForResponse((response) => response.url().endsWith('/session'));
                await button.click();
                await answer;
                await wrong.or(throttled).first().waitFor();
            }
            await throttled.waitFor();
            assert.ok(await button.isDisabled());
            await axe(page);
            await shot(page, `sign-in throttled ${theme}`);
        });
    }
});
