// The Configuration tab: a field is mapped from the live list, previewed, applied, seen in the records and restored; two who edit
// at once lose nothing; an enforced schema says at the field what is wrong.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { axe, browserTest, fitsScreen, looks, shot, suiteServer, visit } from '../browser.mjs';

const at = 'provider_config_key=hubspot';
const tab = '/app/dev/connections/hubspot/customer-a/configuration';

describe('configuration', () => {
    const suite = suiteServer();
    const { there, signedIn } = suite;
    const metadata = async () => (await suite.server.must('GET', `/connections/customer-a/metadata?${at}`)).metadata;
    const contacts = async () => {
        const headers = { 'provider-config-key': 'hubspot', 'connection-id': 'customer-a' };
        const { records } = await suite.server.must('GET', '/records?model=Contact&filter=added,updated', { headers });
        return records.map(({ internalId }) => internalId).sort();
    };
    const until = async (what, test) => {
        for (let tries = 0; tries < 100; tries += 1) {
            if (await test()) return;
            await new Promise((done) => setTimeout(done, 100));
        }
        assert.fail(`never: ${what}`);
    };

    browserTest('a field is mapped by keyboard, previewed, applied with a re-sync and restored', there, signedIn, async (page) => {
        await visit(page, tab);
        const picker = page.getByRole('combobox', { name: /Choose the field for Internal number/ });
        await picker.getByText('Employee number').waitFor();
        await picker.focus();
        await page.keyboard.press('Enter');
        await page.getByPlaceholder(/by name, key or value/).waitFor();
        await axe(page);
        await shot(page, 'configuration picker light');
        await page.keyboard.type('cost');
        await page.keyboard.press('Enter');
        await picker.getByText('Cost centre').waitFor();
        await page.getByText('1 unsaved change').waitFor();

        await page.getByRole('button', { name: 'Preview', exact: true }).click();
        await page.getByRole('button', { name: '6 changed' }).waitFor();
        await axe(page);
        await shot(page, 'configuration preview light');

        await page.keyboard.press('Control+S');
        await page.getByText('is now').first().waitFor();
        await page.getByRole('radio', { name: /Sync everything again/ }).check();
        await page.getByLabel(/^Reason/).fill('ticket 42');
        await page.getByLabel('What differs, as JSON').waitFor();
        await axe(page);
        await shot(page, 'configuration review light');
        await page.getByRole('button', { name: 'Apply and sync all' }).click();
        await page.getByText('Revision 2 applied').waitFor();
        assert.deepEqual(await metadata(), { fieldMapping: { internal_id: 'custom_field_9' } });
        await until('the records follow', async () => (await contacts()).every((id) => id.startsWith('CC-')));

        await page.getByRole('button', { name: 'History' }).click();
        await page.getByText('“ticket 42”').waitFor();
        await axe(page);
        await page.getByRole('button', { name: 'Restore…' }).click();
        await page.getByRole('radio', { name: /Sync everything again/ }).check();
        await page.getByRole('button', { name: 'Restore and sync all' }).click();
        await page.getByText('Restored as revision 3').waitFor();
        await until('the records are as before', async () => (await contacts()).every((id) => id.startsWith('A-')));
    });

    browserTest('two edit at once: what is apart goes together, the same value is chosen', there, signedIn, async (page) => {
        await visit(page, tab);
        await page.getByRole('switch', { name: 'Sync names' }).click();
        await page.getByLabel('Only this status').fill('active');
        const body = { filterStatus: 'inactive', note: 'theirs' };
        await suite.server.must('PATCH', `/connections/customer-a/metadata?${at}`, { body });
        await page.getByRole('button', { name: 'Review and apply' }).click();
        await page.getByRole('radio', { name: /Only save/ }).check();
        await page.getByRole('button', { name: 'Apply', exact: true }).click();
        await page.getByRole('button', { name: 'See what changed' }).click();
        await page.getByText('Comes in by itself').waitFor();
        await axe(page);
        await page.getByRole('radio', { name: /Yours/ }).check();
        await page.getByRole('button', { name: 'Merge' }).click();
        await page.getByRole('button', { name: 'Review and apply' }).click();
        await page.getByRole('radio', { name: /Only save/ }).check();
        await page.getByRole('button', { name: 'Apply', exact: true }).click();
        await page.getByText(/Revision \d+ applied/).waitFor();
        const { filterStatus, note, features } = await metadata();
        assert.deepEqual([filterStatus, note, features], ['active', 'theirs', { names: true }]);
    });

    browserTest('an enforced schema tells at the field what is wrong, and nothing is written', there, signedIn, async (page) => {
        await suite.server.must('PUT', '/integrations/hubspot/metadata/schema', { body: { mode: 'enforce' } });
        const old = await metadata();
        await visit(page, tab);
        await page.getByRole('button', { name: 'Add condition' }).click();
        await page.getByText('A value is needed.').waitFor();
        await page.getByRole('button', { name: '1 error', exact: true }).waitFor();
        await page.getByRole('button', { name: 'Review and apply' }).click();
        await page.getByText('it will be refused').waitFor();
        await page.getByRole('radio', { name: /Only save/ }).check();
        await page.getByRole('button', { name: 'Apply', exact: true }).click();
        await page.getByText('It was not applied').first().waitFor();
        assert.deepEqual(await metadata(), old);
        await suite.server.must('PUT', '/integrations/hubspot/metadata/schema', { body: { mode: 'warn' } });
    });

    browserTest('broken JSON locks the form and says where', there, signedIn, async (page) => {
        await visit(page, tab);
        const editor = page.getByRole('textbox', { name: 'JSON of this customer' });
        await editor.click();
        await page.keyboard.press('Control+A');
        await page.keyboard.insertText('{\n  "fieldMapping": { "internal_id": "cf_9" }\n  "filterStatus": "all"\n}');
        await page.getByText('Line 3, column 3: a comma is missing').waitFor();
        await page.getByText('the form shows its last whole state').waitFor();
        assert.ok(await page.getByRole('button', { name: 'Review and apply' }).isDisabled());
        await axe(page);
    });

    for (const look of looks) {
        browserTest(`it is readable, ${look.name}`, there, () => ({ ...look, ...signedIn() }), async (page) => {
            await visit(page, tab);
            await page.getByRole('heading', { name: 'Field mapping' }).waitFor();
            await fitsScreen(page);
            await axe(page);
            await shot(page, `configuration ${look.name}`);
        });
    }
});
