// Adding an integration from the catalogue, and the drawer of a function.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { axe, browserTest, shot, suiteServer, visit } from '../browser.mjs';

describe('integrations', () => {
    const suite = suiteServer();
    const { there, signedIn } = suite;

    for (const theme of ['light', 'dark']) {
        browserTest(`an integration is added from the catalogue (${theme})`, there, () => ({ ...signedIn(), theme }), async (page) => {
            await visit(page, '/app/dev/integrations');
            await page.getByRole('button', { name: 'Add integration' }).click();
            const dialog = page.getByRole('dialog', { name: 'Add integration' });
            await dialog.getByRole('searchbox', { name: 'Search providers' }).fill('github');
            await shot(page, `integration catalogue ${theme}`);
            await axe(page);
            await dialog.getByRole('button', { name: /^GitHub/ }).first().click();
            await dialog.getByLabel('Key', { exact: true }).fill(`github-${theme}`);
            await axe(page);
            await dialog.getByRole('button', { name: 'Add integration' }).click();
            await page.waitForURL(new RegExp(`/integrations/github-${theme}/functions`));
            const { data } = await suite.server.must('GET', `/integrations/github-${theme}`);
            assert.match(data.provider, /^github/);
        });

        browserTest(`a function shows its code (${theme})`, there, () => ({ ...signedIn(), theme }), async (page) => {
            await visit(page, '/app/dev/integrations/hubspot/functions');
            await page.getByRole('button', { name: 'contacts', exact: true }).click();
            await page.getByRole('dialog').getByText('createSync').first().waitFor();
            await shot(page, `integration function ${theme}`);
            await axe(page);
        });
    }
});
