// Every page in every look: it loads without a complaint, axe finds nothing, nothing is wider than the screen. The
// screenshots in target/shots are for people to look at.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { axe, browserTest, fitsScreen, looks, shot, suiteServer, visit } from '../browser.mjs';

/** Name of the screenshot, address, and the heading by which one knows that it is there. */
const pages = [
    ['overview', '/app/dev/overview', 'Overview'],
    ['overview empty', '/app/prod/overview', 'Overview'],
    ['connections', '/app/dev/connections', 'Connections'],
    ['connections empty', '/app/prod/connections', 'Connections'],
    ['connection authorization', '/app/dev/connections/hubspot/customer-a/authorization', /customer-a/],
    ['connection configuration', '/app/dev/connections/hubspot/customer-a/configuration', /customer-a/],
    ['connection syncs', '/app/dev/connections/hubspot/customer-a/syncs', /customer-a/],
    ['connection records', '/app/dev/connections/hubspot/customer-a/records', /customer-a/],
    ['connection runs', '/app/dev/connections/hubspot/customer-a/runs', /customer-a/],
    ['connection settings', '/app/dev/connections/hubspot/customer-a/settings', /customer-a/],
    ['runs', '/app/dev/runs', 'Runs and logs'],
    ['logs', '/app/dev/runs?view=logs', 'Runs and logs'],
    ['runs empty', '/app/prod/runs', 'Runs and logs'],
    ['integrations', '/app/dev/integrations', 'Integrations'],
    ['integrations empty', '/app/prod/integrations', 'Integrations'],
    ['integration functions', '/app/dev/integrations/hubspot/functions', 'HubSpot'],
    ['integration schema', '/app/dev/integrations/hubspot/schema', 'HubSpot'],
    ['integration fleet', '/app/dev/integrations/hubspot/fleet', 'HubSpot'],
    ['integration settings', '/app/dev/integrations/hubspot/settings', 'HubSpot'],
    ['playground', '/app/dev/playground?integration=hubspot&customer=customer-a&fn=sync%3Acontacts', 'Playground'],
    ['nothing there', '/app/dev/nowhere', 'There is no page here'],
    ['settings keys', '/app/dev/settings/keys', 'Keys'],
    ['settings variables', '/app/dev/settings/variables', 'Environment variables'],
    ['settings webhooks', '/app/dev/settings/webhooks', 'Webhooks'],
    ['settings members', '/app/dev/settings/members', 'Members'],
    ['settings configuration page', '/app/dev/settings/customers-page', 'Configuration page'],
    ['settings retention', '/app/dev/settings/retention', 'Retention'],
    ['settings account', '/app/dev/settings/account', 'Your sign-in'],
];

describe('pages', () => {
    const suite = suiteServer();
    const { there, signedIn } = suite;

    for (const { name: look, ...options } of looks) {
        for (const [name, path, heading] of pages) {
            browserTest(`${name}, ${look}`, there, () => ({ ...signedIn(), ...options }), async (page) => {
                await visit(page, path);
                // Not by role: what lies behind an open dialog has none.
                await page.locator('h1', { hasText: heading }).waitFor();
                await page.evaluate(() => document.fonts.ready);
                await shot(page, `${name} ${look}`);
                await axe(page);
                await fitsScreen(page);
                assert.match(await page.title(), / · Bespoke$/);
            });
        }
    }
});
