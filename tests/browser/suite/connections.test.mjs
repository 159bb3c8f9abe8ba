// Connections: metadata edited as users of Nango know it, broken text told by its place, made and deleted by form.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { axe, browserTest, fitsScreen, looks, settled, shot, suiteServer, visit } from '../browser.mjs';
import { seed } from '../seed.mjs';
import { admin } from '../server.mjs';

const customer = '/app/dev/connections/hubspot/customer-a';

describe('connections', () => {
    const suite = suiteServer();
    const { there, signedIn } = suite;
    const metadata = async () => (await suite.server.must('GET', '/connections/customer-a/metadata?provider_config_key=hubspot')).metadata;

    /** Replaces the text of the editor. */
    async function write(page, text) {
        const editor = page.getByRole('textbox', { name: 'Metadata', exact: true });
        await editor.click();
        await page.keyboard.press('Control+A');
        await page.keyboard.insertText(text);
    }

    browserTest('after signing in, metadata is edited in Authorization, and the API returns it', there, {}, async (page) => {
        await visit(page, `${customer}/authorization`);
        await page.getByLabel('E-mail').fill(admin.email);
        await page.getByRole('textbox', { name: 'Password' }).fill(admin.password);
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'Edit metadata' }).click();
        const save = page.getByRole('button', { name: 'Save', exact: true });

        await write(page, '{\n  "fieldMapping": { "internal_id": "cf_9" }\n  "filterStatus": "all"\n}');
        await page.getByText('Line 3, column 3: a comma is missing').waitFor();
        assert.ok(await save.isDisabled());
        await axe(page);
        await shot(page, 'metadata broken light');

        await write(page, '{\n  "fieldMapping": { "internal_id": "cf_9" },\n  "filterStatus": "all"\n}');
        await save.click();
        await page.getByText('Metadata saved as revision').waitFor();
        await page.getByRole('button', { name: 'Edit metadata' }).waitFor();
        assert.deepEqual(await metadata(), { fieldMapping: { internal_id: 'cf_9' }, filterStatus: 'all' });
    });

    browserTest('who saves too late sees what changed meanwhile, and loses nothing', there, signedIn, async (page) => {
        await visit(page, `${customer}/authorization`);
        await page.getByRole('button', { name: 'Edit metadata' }).click();
        await write(page, '{\n  "fieldMapping": { "internal_id": "mine" },\n  "filterStatus": "all"\n}');
        const body = { connection_id: 'customer-a', provider_config_key: 'hubspot', metadata: { filterStatus: 'theirs' } };
        await suite.server.must('PATCH', '/connections/metadata', { body });
        await page.getByRole('button', { name: 'Save', exact: true }).click();
        await page.getByText('while you were editing').waitFor();
        await axe(page);
        await shot(page, 'metadata conflict light');
        assert.equal((await metadata()).filterStatus, 'theirs');
        await page.getByRole('button', { name: 'Put their changes into my text' }).click();
        await page.getByRole('button', { name: 'Save', exact: true }).click();
        await page.getByRole('button', { name: 'Edit metadata' }).waitFor();
        assert.deepEqual(await metadata(), { fieldMapping: { internal_id: 'mine' }, filterStatus: 'theirs' });
    });

    browserTest('credentials stay masked until they are asked for', there, signedIn, async (page) => {
        const answers = [];
        page.on('response', async (response) => {
            if (/\/connections\/customer-a\?/.test(response.url())) answers.push(await response.text());
        });
        await visit(page, `${customer}/authorization`);
        assert.equal(await page.getByText('crm-key-customer-a').count(), 0);
        assert.ok(answers.length > 0 && !answers.some((text) => text.includes('crm-key')), 'the page was told the credentials before anybody asked');
        await page.getByRole('button', { name: 'Reveal' }).click();
        await page.getByText('crm-key-customer-a').waitFor();
        await page.getByRole('button', { name: 'Hide' }).click();
        assert.equal(await page.getByText('crm-key-customer-a').count(), 0);
    });

    browserTest('a connection is made by form, found by the search, and deleted by typing its id', there, signedIn, async (page) => {
        await visit(page, '/app/dev/connections');
        await page.getByRole('button', { name: 'New connection' }).first().click();
        const dialog = page.getByRole('dialog', { name: 'New connection' });
        await dialog.getByLabel('Connection id').fill('northwind');
        await dialog.getByLabel('Customer name').fill('Northwind Traders');
        await dialog.getByRole('button', { name: 'Create connection' }).click();
        await dialog.getByText('API key is needed.').waitFor();
        await axe(page);
        await dialog.getByRole('textbox', { name: 'API key' }).fill('crm-key-customer-b');
        await shot(page, 'new connection light');
        await dialog.getByRole('button', { name: 'Create connection' }).click();
        await page.getByRole('heading', { name: 'Northwind Traders', level: 1 }).waitFor();

        await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'Connections' }).click();
        await page.getByRole('table', { name: 'Connections' }).waitFor();
        await page.keyboard.press('/');
        await page.keyboard.type('NORTHWIND');
        await page.getByText('1 of 3').waitFor();
        assert.match(page.url(), /q=NORTHWIND/);
        await page.keyboard.press('Escape');
        await page.getByRole('link', { name: 'Northwind Traders' }).click();
        await page.getByRole('link', { name: 'Settings' }).last().click();
        await page.getByRole('button', { name: 'Delete connection' }).click();
        const confirm = page.getByRole('dialog', { name: /Delete Northwind/ });
        assert.ok(await confirm.getByRole('button', { name: 'Delete connection' }).isDisabled());
        await confirm.getByLabel('Type northwind to confirm').fill('northwind');
        await confirm.getByRole('button', { name: 'Delete connection' }).click();
        await page.getByText('Northwind Traders is deleted').waitFor();
        assert.equal((await suite.server.call('GET', '/connections/northwind?provider_config_key=hubspot')).status, 404);
    });

    browserTest('a sync runs again from the beginning, and its records can be looked at', there, signedIn, async (page) => {
        await visit(page, `${customer}/syncs`);
        await page.getByRole('button', { name: 'Run now…' }).click();
        const dialog = page.getByRole('dialog', { name: 'Run contacts now' });
        await dialog.getByText('Deletes 6 stored records').waitFor();
        await dialog.getByRole('radio', { name: /^Everything again/ }).check();
        await dialog.getByRole('button', { name: 'Run everything again' }).click();
        await page.getByText('contacts is running').waitFor();
        await page.getByRole('button', { name: 'Run now…' }).waitFor();
        await page.getByRole('navigation', { name: 'Connection' }).getByRole('link', { name: 'Records' }).click();
        await page.getByRole('button', { name: '102' }).click();
        await page.getByRole('dialog', { name: 'Contact 102' }).getByText('grace.hopper@customer-a.example').waitFor();
        await axe(page);
        await shot(page, 'record light');
    });

    for (const { name: look, ...options } of looks) {
        for (const tab of ['authorization', 'syncs', 'records', 'runs', 'settings']) {
            browserTest(`the tab ${tab}, ${look}`, there, () => ({ ...signedIn(), ...options }), async (page) => {
                await visit(page, `${customer}/${tab}`);
                await settled(page);
                await shot(page, `connection ${tab} ${look}`);
                await axe(page);
                await fitsScreen(page);
            });
        }
    }
});

describe('many connections', () => {
    const suite = suiteServer({ fill: false, prepare: (server) => seed(server, 350) });
    const { there, signedIn } = suite;
    const inPage = (page) => page.getByRole('row').count();

    browserTest('come page by page as one goes down, and only those in sight are there', there, signedIn, async (page) => {
        const asked = [];
        page.on('request', (request) => request.url().includes('/fleet/connections') && asked.push(request.url()));
        await visit(page, '/app/dev/connections');
        const table = page.getByRole('table', { name: 'Connections' });
        await table.getByRole('link', { name: / 349$/ }).waitFor();
        assert.equal(asked.length, 1);
        assert.ok((await inPage(page)) < 60, 'only what is in sight is in the page');
        assert.equal(await table.getAttribute('aria-rowcount'), '351');
        for (const expected of [2, 3, 4]) {
            await table.evaluate((element) => (element.scrollTop = element.scrollHeight));
            await page.waitForFunction((row) => document.querySelector(`[data-row="${row}"] a`), Math.min(expected * 100 - 100, 349));
            assert.ok(asked.length >= expected && asked.length <= expected + 1);
            assert.ok((await inPage(page)) < 60);
        }
        await table.evaluate((element) => (element.scrollTop = element.scrollHeight));
        await table.getByRole('link', { name: / 0$/ }).waitFor();
        assert.equal(asked.length, 4, 'no page is asked for twice');
        await axe(page);
    });

    browserTest('are narrowed by search, by status and by a path of the configuration', there, signedIn, async (page) => {
        await visit(page, '/app/dev/connections?status=invalid');
        await page.getByRole('link', { name: / 7$/ }).waitFor();
        await page.getByText('1 of 350').waitFor();
        await visit(page, '/app/dev/connections?path=%2FaccountId&op=is&value=account-77');
        await page.getByRole('link', { name: / 77$/ }).waitFor();
        await page.getByText('1 of 350').waitFor();
        await visit(page, '/app/dev/connections?path=%2FfilterStatus&op=is&value=all');
        await page.getByText('9 of 350').waitFor();
        await visit(page, '/app/dev/connections?q=northwind');
        await page.getByText('35 of 350').waitFor();
    });
});
