// What a screen reader reads: names, roles and descriptions of the pages that people work with, and the same by keyboard.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { browserTest, suiteServer, visit } from '../browser.mjs';

/** Asserts that the accessibility tree below `locator` has each of these lines, in this order. */
async function reads(locator, ...lines) {
    const tree = await locator.ariaSnapshot();
    let from = 0;
    for (const line of lines) {
        const at = tree.indexOf(line, from);
        assert.notEqual(at, -1, `“${line}” is not read in:\n${tree.slice(from)}`);
        from = at + line.length;
    }
    return tree;
}

/** The texts that describe a control. */
const descriptionOf = (locator) =>
    locator.evaluate((element) => (element.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').filter(Boolean).join(' | '));

/** Presses `key` until the focus is on `locator`. */
async function goTo(page, locator, key = 'Tab') {
    for (let presses = 0; presses < 60; presses += 1) {
        if (await locator.evaluate((element) => element === document.activeElement)) return;
        await page.keyboard.press(key);
    }
    assert.fail(`${key} does not lead there`);
}

describe('names', () => {
    const suite = suiteServer();
    const { there, signedIn } = suite;

    browserTest('Connections is a table whose cells belong to its columns', there, signedIn, async (page) => {
        await visit(page, '/app/dev/connections');
        const table = page.getByRole('table', { name: 'Connections' });
        await table.getByRole('link', { name: 'customer-a' }).waitFor();
        await reads(table, 'columnheader "Customer"', 'columnheader "Status"', 'columnheader "Actions"', 'cell "customer-b"', 'cell "HubSpot"', 'cell "OK"', 'button "More for customer-b"', 'cell "customer-a"');
        await reads(page.getByRole('main'), 'heading "Connections" [level=1]', 'searchbox "Search connections"', 'status: 2 connections');
    });

    browserTest('Configuration says of every value what it is, what is chosen and where it comes from', there, signedIn, async (page) => {
        await visit(page, '/app/dev/connections/hubspot/customer-a/configuration');
        const picker = page.getByRole('combobox', { name: 'Choose the field for Internal number: Employee number', exact: true });
        await picker.waitFor();
        const mapping = page.getByRole('table', { name: 'Field mapping' });
        await reads(mapping, 'columnheader "Our field"', 'columnheader "Filled from the customer’s field"', 'columnheader "Comes from"', 'rowheader "Internal number text The company\'s own number for a contact"', 'cell "this customer Reset Internal number');
        const columns = await mapping.getByRole('columnheader').count();
        for (const row of await mapping.getByRole('row').filter({ has: page.getByRole('rowheader') }).all()) {
            assert.equal(1 + (await row.getByRole('cell').count()), columns, 'each cell has its column');
        }
        assert.match(await descriptionOf(picker), /this customer/);
        assert.match(await descriptionOf(page.getByRole('textbox', { name: 'Only this status' })), /Only contacts whose Status is this.*not set/);
        assert.match(await descriptionOf(page.getByRole('switch', { name: 'Sync names' })), /first and last name.*not set/);

        await page.getByRole('button', { name: 'Add condition' }).click();
        const condition = page.getByRole('combobox', { name: 'Field of condition 1: Nothing', exact: true });
        await page.getByText('A value is needed.').waitFor();
        assert.match(await descriptionOf(condition), /A value is needed/);

        // The picker, by keyboard: it opens, names its list, finds, chooses, and gives the focus back.
        await picker.focus();
        await page.keyboard.press('ArrowDown');
        const popup = page.getByRole('dialog', { name: 'Choose the field for Internal number' });
        await popup.getByRole('option').first().waitFor();
        await reads(popup, 'combobox "Search 2 fields by name, key or value"', 'listbox "Choose the field for Internal number"', 'option "Employee number custom_field_123 · A-1001, A-1002, A-1003 text 100% filled" [selected]', 'option "Cost centre custom_field_9 · CC-10, CC-11, CC-12 text 100% filled"', 'button "Reload"');
        await page.keyboard.type('cost');
        await page.keyboard.press('Enter');
        const chosen = page.getByRole('combobox', { name: 'Choose the field for Internal number: Cost centre', exact: true });
        await chosen.waitFor();
        assert.ok(await chosen.evaluate((element) => element === document.activeElement), 'the focus is back');
        await page.getByRole('status').filter({ hasText: '2 unsaved changes' }).waitFor();

        await page.keyboard.press('Control+S');
        const review = page.getByRole('dialog', { name: 'Review and apply' });
        await review.getByLabel('What differs, as JSON').waitFor();
        const tree = await reads(review, 'heading "Review and apply"', 'Internal number is now Cost centre (was Employee number)', 'group "What happens to the data"', 'radio "Run the sync now suggested" [checked]', 'radio "Sync everything again"', 'radio "Only save"', 'textbox "Reason', 'button "Keep editing"', 'button "Apply and run"');
        assert.doesNotMatch(tree, /- (banner|contentinfo)/, 'a dialog has no landmarks of a page');
        assert.match(await descriptionOf(review.getByRole('radio', { name: 'Only save', exact: true })), /next planned run/);
    });

    browserTest('an end customer maps and saves by keyboard alone', there, {}, async (page) => {
        const { data } = await suite.server.must('POST', '/configure/sessions', { body: { connection_id: 'customer-a', provider_config_key: 'hubspot' } });
        await page.goto(data.configure_link);
        const picker = page.getByRole('combobox', { name: /^Choose the field for Internal number: Employee number$/ });
        await picker.waitFor();
        await reads(page.locator('body'), 'heading "Connect your HubSpot fields" [level=1]', 'table "Field mapping"', 'columnheader "In Acme Reports"', 'columnheader "Your HubSpot field"', 'rowheader "Internal number text', 'region "Save"', 'status: No unsaved changes', 'button "Save" [disabled]');
        await goTo(page, picker);
        await page.keyboard.press('Enter');
        await page.getByRole('listbox', { name: 'Choose the field for Internal number' }).getByRole('option').first().waitFor();
        await page.keyboard.type('cost');
        await page.keyboard.press('Enter');
        await page.getByRole('status').filter({ hasText: '1 unsaved change' }).waitFor();
        await goTo(page, page.getByRole('switch', { name: 'Sync names' }));
        await page.keyboard.press('Space');
        await goTo(page, page.getByRole('button', { name: 'Save' }));
        await page.keyboard.press('Enter');
        await page.getByRole('status').filter({ hasText: 'Saved. It counts from now on.' }).waitFor();
        const { metadata } = await suite.server.must('GET', '/connections/customer-a/metadata?provider_config_key=hubspot');
        assert.deepEqual(metadata, { fieldMapping: { internal_id: 'custom_field_9' }, features: { names: true } });
    });
});
