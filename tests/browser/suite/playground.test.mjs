// The playground: an action's input as a form that its schema makes, in step with its JSON.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { axe, browserTest, fitsScreen, looks, shot, suiteServer, visit } from '../browser.mjs';

const action = '/app/prod/playground?integration=hubspot&customer=customer-a&fn=action%3Acount-matches';

/** Opens the playground at an action that takes a filter, with its JSON editor there. */
async function open(page, more = '') {
    await visit(page, action + more);
    await page.getByRole('textbox', { name: 'Input', exact: true }).waitFor();
    return page.getByRole('textbox', { name: 'Input', exact: true });
}

async function write(page, editor, text) {
    await editor.click();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(text);
}

describe('the playground', () => {
    const suite = suiteServer({
        fill: false,
        prepare: async (server) => {
            const key = server.keys.prod;
            const integration = { unique_key: 'hubspot', provider: 'sample-crm', display_name: 'HubSpot', integration_config: { baseUrl: server.crm.url } };
            await server.must('POST', '/integrations', { key, body: integration });
            const credentials = { type: 'API_KEY', apiKey: 'crm-key-customer-a' };
            await server.must('POST', '/connections', { key, body: { provider_config_key: 'hubspot', connection_id: 'customer-a', credentials } });
            await server.deploy('../../examples/filters', 'prod');
        },
    });
    const { there, signedIn } = suite;

    browserTest('the form and the JSON of an input are in step', there, signedIn, async (page) => {
        const editor = await open(page);
        await page.getByRole('combobox', { name: 'match' }).selectOption({ label: 'any' });
        await editor.getByText('"any"').waitFor();
        await write(page, editor, '{\n  "match": "all",\n  "conditions": [{ "field": "status", "operator": "is", "value": "active" }]\n}');
        await page.waitForFunction(() => document.querySelector('select')?.selectedOptions[0]?.label === 'all');
        await axe(page);
        await shot(page, 'playground form light');
        await page.getByRole('button', { name: 'Dry run' }).click();
        await page.getByText('Nothing was written.', { exact: false }).waitFor();
        await page.getByRole('button', { name: 'Run', exact: true }).click();
        await page.getByLabel('Output').getByText('"total": 4').waitFor();
    });

    browserTest('broken JSON says where, and nothing runs until it is mended', there, signedIn, async (page) => {
        const editor = await open(page);
        await write(page, editor, '{\n  "match": "all"\n  "conditions": []\n}');
        await page.getByText('Line 3, column 3: a comma is missing').waitFor();
        await page.getByText('the form shows its last whole state').waitFor();
        assert.ok(await page.getByRole('button', { name: 'Run', exact: true }).isDisabled());
        await axe(page);
    });

    browserTest('what does not fit is told at the field, and which side is shown is in the address', there, signedIn, async (page) => {
        const editor = await open(page);
        await write(page, editor, '{ "match": "some" }');
        await page.getByText('Must be one of all, any.').waitFor();
        await page.getByRole('button', { name: 'JSON', exact: true }).click();
        await page.waitForURL(/view=json/);
        assert.equal(await page.getByRole('combobox', { name: 'match' }).count(), 0);
        await page.getByRole('button', { name: 'Form', exact: true }).click();
        await page.waitForURL(/view=form/);
        assert.equal(await page.getByRole('combobox', { name: 'match' }).isVisible(), true);
    });

    for (const look of looks) {
        browserTest(`it is readable, ${look.name}`, there, () => ({ ...look, ...signedIn() }), async (page) => {
            await open(page);
            await fitsScreen(page);
            await axe(page);
            await shot(page, `playground ${look.name}`);
        });
    }
});
