// From a revision to its runs and records, from a record to what happened to it, from a function to its versions.

import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { axe, browserTest, fitsScreen, looks, shot, suiteServer, visit } from '../browser.mjs';

const customer = '/app/dev/connections/hubspot/customer-a';

describe('history', () => {
    const suite = suiteServer({
        prepare: async (server) => {
            await server.must('PATCH', '/connections/customer-a/metadata?provider_config_key=hubspot', { body: { fieldMapping: { internal_id: 'custom_field_9' } } });
            await server.sync('customer-a');
        },
    });
    const { there, signedIn } = suite;

    browserTest('a revision leads to its runs and to its records', there, signedIn, async (page) => {
        await visit(page, `${customer}/configuration?side=history`);
        const history = page.getByLabel('History', { exact: true });
        await history.getByRole('link', { name: '6 records changed' }).first().waitFor();
        await axe(page);
        await shot(page, 'history usage light');
        await history.getByRole('link', { name: '1 run' }).first().click();
        await page.waitForURL(/\/runs\?revision=2/);
        const runs = page.getByRole('table', { name: 'Runs' });
        await runs.getByText('r2', { exact: true }).waitFor();
        assert.equal(await runs.getByText('r1', { exact: true }).count(), 0);
        await axe(page);
        await page.getByRole('button', { name: 'Remove the filter Configuration: revision 2' }).click();
        await runs.getByText('r1', { exact: true }).waitFor();
        assert.doesNotMatch(page.url(), /revision=/);

        await visit(page, `${customer}/configuration?side=history`);
        await page.getByRole('link', { name: '6 records changed' }).first().click();
        await page.waitForURL(/\/records\?revision=2/);
        await page.getByRole('button', { name: '102' }).waitFor();
        await visit(page, `${customer}/records?revision=1`);
        await page.getByText('No Contact was last written under revision 1').waitFor();
        await page.getByRole('button', { name: 'Remove the filter Written under revision 1' }).click();
        await page.getByRole('button', { name: '102' }).waitFor();
    });

    browserTest('a record tells what happened to its fields, in which run and under which revision', there, signedIn, async (page) => {
        await visit(page, `${customer}/records?record=102`);
        const past = page.getByRole('dialog', { name: 'Contact 102' }).getByRole('region', { name: 'What happened to it' });
        const [updated, added] = [past.getByRole('listitem').first(), past.getByRole('listitem').last()];
        await updated.getByText('internalId').waitFor();
        assert.match(await updated.innerText(), /CC-11/);
        assert.match(await updated.innerText(), /revision 2/);
        await added.getByText('grace.hopper@customer-a.example').waitFor();
        await axe(page);
        await updated.getByRole('link', { name: 'its run' }).click();
        await page.getByRole('dialog', { name: /^contacts/ }).getByText('revision 2').first().waitFor();
    });

    browserTest('a function shows its versions, and what has changed since an earlier one', there, signedIn, async (page) => {
        const folder = await mkdtemp(join(tmpdir(), 'bespoke-versions-'));
        try {
            await cp(fileURLToPath(new URL('../../../examples/hubspot-contacts', import.meta.url)), folder, { recursive: true });
            const file = join(folder, 'hubspot/syncs/contacts.ts');
            const code = await readFile(file, 'utf8');
            await writeFile(file, code.replace("version: '1.0.0'", "version: '1.1.0'").replace("frequency: 'every hour'", "frequency: 'every 2 hours'"));
            await suite.server.deploy(folder);
        } finally {
            await rm(folder, { recursive: true, force: true });
        }
        await visit(page, '/app/dev/integrations/hubspot/functions');
        await page.getByRole('button', { name: 'contacts', exact: true }).click();
        const drawer = page.getByRole('dialog', { name: /^contacts/ });
        await drawer.getByRole('button', { name: 'Versions' }).click();
        await drawer.getByRole('listitem').filter({ hasText: '1.1.0' }).getByText('now', { exact: true }).waitFor();
        await axe(page);
        await drawer.getByRole('button', { name: 'Compare with now: version 1.0.0' }).click();
        const changed = drawer.getByLabel('What changed in contacts since version 1.0.0');
        await changed.getByText("'every 2 hours'").waitFor();
        await changed.getByText("'every hour'").waitFor();
        assert.match(page.url(), /version=\d+/);
        await axe(page);
        await shot(page, 'function versions light');
        await drawer.getByRole('button', { name: 'Its code' }).click();
        await drawer.getByLabel('Code of contacts, version 1.0.0').getByText("'every hour'").waitFor();
        await drawer.getByRole('button', { name: 'Runs' }).click();
        await drawer.getByRole('table', { name: 'Runs' }).getByText('Succeeded').first().waitFor();
    });

    for (const { name: look, ...options } of looks) {
        browserTest(`the past of a record, ${look}`, there, () => ({ ...signedIn(), ...options }), async (page) => {
            await visit(page, `${customer}/records?record=102`);
            await page.getByRole('region', { name: 'What happened to it' }).getByRole('listitem').first().waitFor();
            await shot(page, `record history ${look}`);
            await axe(page);
            await fitsScreen(page);
        });
    }
});
