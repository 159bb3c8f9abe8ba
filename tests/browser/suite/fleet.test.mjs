// What the customers of an integration have in common: a value that nearly all share becomes the default, and a change
// of many is tried, applied and told.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { axe, browserTest, shot, suiteServer, visit } from '../browser.mjs';

const own = async (server, id) => (await server.must('GET', `/connections/${id}/metadata?provider_config_key=hubspot`)).metadata;

describe('fleet', () => {
    const suite = suiteServer({
        prepare: async (server) => {
            for (let index = 0; index < 8; index += 1) {
                const metadata = { fieldMapping: { internal_id: 'custom_field_9' }, filterStatus: index === 0 ? 'all' : 'active' };
                const credentials = { type: 'API_KEY', apiKey: 'crm-key-customer-a' };
                await server.must('POST', '/connections', { body: { provider_config_key: 'hubspot', connection_id: `shop-${index}`, credentials, metadata, tags: { plan: index < 4 ? 'pro' : 'free' } } });
            }
            // Nine of ten say "active".
            await server.must('PATCH', '/connections/customer-a/metadata?provider_config_key=hubspot', { body: { filterStatus: 'active' } });
        },
    });
    const { there, signedIn } = suite;

    for (const theme of ['light', 'dark']) {
        browserTest(`the values of a path, as bars (${theme})`, there, () => ({ ...signedIn(), theme }), async (page) => {
            await visit(page, '/app/dev/integrations/hubspot/fleet');
            await page.getByRole('button', { name: /internal_id/ }).click();
            await page.getByRole('dialog').getByText('custom_field_9').waitFor();
            await shot(page, `fleet values ${theme}`);
            await axe(page);
        });
    }

    browserTest('a value that nearly all share becomes the default, and nobody notices', there, signedIn, async (page) => {
        await visit(page, '/app/dev/integrations/hubspot/fleet');
        await page.getByText('90 %').waitFor();
        await page.getByRole('button', { name: 'Make it the default…' }).click();
        const dialog = page.getByRole('dialog', { name: 'Make it the default' });
        await dialog.getByText('9 customers').waitFor();
        assert.equal((await own(suite.server, 'shop-1')).filterStatus, 'active', 'a dry run writes nothing');
        await axe(page);
        await shot(page, 'fleet promote light');
        await dialog.getByLabel('Reason (optional)').fill('nearly all want it');
        await dialog.getByRole('button', { name: 'Make it the default' }).click();
        await dialog.waitFor({ state: 'detached' });
        const { defaults } = await suite.server.must('GET', '/integrations/hubspot/metadata/defaults');
        assert.equal(defaults.filterStatus, 'active');
        const explained = await suite.server.must('GET', '/connections/shop-1/metadata?provider_config_key=hubspot&explain=true');
        assert.deepEqual(explained.metadata, { fieldMapping: { internal_id: 'custom_field_9' } });
        assert.equal(explained.effective.filterStatus, 'active');
    });

    browserTest('a change of all that fit a filter is tried first, and then done', there, signedIn, async (page) => {
        await visit(page, '/app/dev/integrations/hubspot/fleet?tag=plan%3Dpro');
        await page.getByRole('button', { name: 'Change all 4 customers that fit…' }).click();
        const dialog = page.getByRole('dialog', { name: 'Change 4 customers' });
        await dialog.getByLabel('Path', { exact: true }).fill('/fieldMapping/internal_id');
        await dialog.getByLabel('Value', { exact: true }).fill('custom_field_123');
        await dialog.getByRole('button', { name: 'Dry run' }).click();
        await dialog.getByText('Nothing was written yet.').waitFor();
        await axe(page);
        await shot(page, 'fleet bulk light');
        assert.equal((await own(suite.server, 'shop-2')).fieldMapping.internal_id, 'custom_field_9');
        await dialog.getByRole('button', { name: 'Change 4 customers' }).click();
        await dialog.getByText('Changed 4 of 4 customers').waitFor();
        assert.equal((await own(suite.server, 'shop-2')).fieldMapping.internal_id, 'custom_field_123');
        assert.equal((await own(suite.server, 'shop-6')).fieldMapping.internal_id, 'custom_field_9', 'the others stay');
    });

    browserTest('the defaults are edited as a form beside their JSON, and count for every customer', there, signedIn, async (page) => {
        await visit(page, '/app/dev/integrations/hubspot/schema');
        await page.getByRole('button', { name: 'Edit defaults' }).click();
        const editor = page.getByRole('textbox', { name: 'Defaults', exact: true });
        await editor.waitFor();
        const status = page.getByRole('textbox', { name: 'Only this status' });
        await status.fill('inactive');
        await editor.getByText('"inactive"').waitFor();
        await axe(page);
        await shot(page, 'defaults light');
        await page.getByRole('button', { name: /^Reset Only this status/ }).click();
        await page.getByRole('switch', { name: 'Sync names' }).click();
        await page.getByRole('button', { name: 'Save defaults' }).click();
        await page.getByText('The defaults are saved.', { exact: false }).waitFor();
        const { defaults } = await suite.server.must('GET', '/integrations/hubspot/metadata/defaults');
        assert.deepEqual(defaults.features, { names: true });
        assert.ok(!('filterStatus' in defaults) || defaults.filterStatus !== 'inactive');
    });

    browserTest('a change of many is stopped, and the others stay as they are', there, signedIn, async (page) => {
        const credentials = { type: 'API_KEY', apiKey: 'crm-key-customer-a' };
        const make = (index) => suite.server.must('POST', '/connections', { body: { provider_config_key: 'hubspot', connection_id: `stall-${index}`, credentials, tags: { kind: 'stall' } } });
        await Promise.all(Array.from({ length: 60 }, (_, index) => make(index)));
        // The first batch is held until somebody has stopped it.
        let go;
        const stopped = new Promise((done) => (go = done));
        await page.route('**/metadata/bulk', async (route) => {
            if (!route.request().postDataJSON().dry_run) await stopped;
            await route.continue();
        });
        await visit(page, '/app/dev/integrations/hubspot/fleet?tag=kind%3Dstall');
        await page.getByRole('button', { name: 'Change all 60 customers that fit…' }).click();
        const dialog = page.getByRole('dialog', { name: 'Change 60 customers' });
        await dialog.getByLabel('Path', { exact: true }).fill('/filterStatus');
        await dialog.getByLabel('Value', { exact: true }).fill('all');
        await dialog.getByRole('button', { name: 'Dry run' }).click();
        await dialog.getByRole('button', { name: 'Change 60 customers' }).click();
        await dialog.getByRole('progressbar', { name: 'Customers changed' }).waitFor();
        await dialog.getByRole('button', { name: 'Stop' }).click();
        await axe(page);
        go();
        await dialog.getByText('Stopped after 50 of 60 customers').waitFor();
        await dialog.getByText('The others stay as they are.').waitFor();
        await axe(page);
        await shot(page, 'fleet bulk stopped light');
        await dialog.getByRole('button', { name: 'Close' }).last().click();
        await dialog.waitFor({ state: 'detached' });
        const { matched } = await suite.server.must('GET', '/fleet/connections?integration=hubspot&tags[kind]=stall&where[path]=/filterStatus&where[is]=all');
        assert.equal(matched, 50);
    });
});

describe('a fleet of an older version', () => {
    const suite = suiteServer({
        fill: false,
        prepare: async (server) => {
            const integration = { unique_key: 'hubspot', provider: 'sample-crm', display_name: 'HubSpot', integration_config: { baseUrl: server.crm.url } };
            await server.must('POST', '/integrations', { body: integration });
            // Written before there was a schema: what migrates by itself has no answer to a number there.
            const credentials = { type: 'API_KEY', apiKey: 'crm-key-customer-b' };
            await server.must('POST', '/connections', { body: { provider_config_key: 'hubspot', connection_id: 'customer-b', credentials, metadata: { fieldMapping: 7 } } });
            await server.deploy('../../examples/hubspot-contacts');
        },
    });

    browserTest('is migrated by hand, and who cannot be is named', suite.there, suite.signedIn, async (page) => {
        await visit(page, '/app/dev/integrations/hubspot/schema');
        await page.getByRole('heading', { name: 'Migration' }).waitFor();
        await axe(page);
        await page.getByRole('button', { name: 'Migrate them now' }).click();
        await page.getByText('1 cannot be migrated by itself').waitFor();
        await page.getByRole('link', { name: 'customer-b' }).waitFor();
        await axe(page);
        await shot(page, 'migrate light');
    });
});
