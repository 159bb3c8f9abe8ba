// The end customers' page, hosted and as <bespoke-configure> in a page of another origin: only what is allowed, in their words.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, describe } from 'node:test';
import { axe, browserTest, fitsScreen, looks, shot, suiteServer } from '../browser.mjs';

const at = 'provider_config_key=hubspot';

describe('the page of end customers', () => {
    const suite = suiteServer({ admin: false });
    const { there } = suite;
    let host;
    const session = async (more = {}) => {
        const body = { connection_id: 'customer-a', provider_config_key: 'hubspot', ...more };
        return (await suite.server.must('POST', '/configure/sessions', { body })).data;
    };
    const metadata = async () => (await suite.server.must('GET', `/connections/customer-a/metadata?${at}`)).metadata;
    before(async () => {
        const element = await readFile(new URL('../../../packages/elements/index.js', import.meta.url));
        host = createServer((request, response) => {
            const script = request.url === '/element.js';
            response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' });
            if (script) return response.end(element);
            return response.end(`<!doctype html><html lang="en"><title>Acme</title><h1>Acme</h1><div id="here"></div><script type="module" src="/element.js"></script>`);
        });
        host.listen(0, '127.0.0.1');
        await once(host, 'listening');
    });
    after(() => host?.close());

    /** Puts the element into the page of the other origin; what was saved becomes its title. */
    const embed = (page, token) =>
        page.evaluate(([secret, url]) => {
            const element = document.createElement('bespoke-configure');
            element.token = secret;
            element.host = url;
            element.addEventListener('saved', ({ detail }) => (document.title = `saved ${detail.revision}`));
            document.querySelector('#here').append(element);
        }, [token, suite.server.url]);

    browserTest('a customer maps their field, sees the effect and saves; only what is allowed is there', there, {}, async (page) => {
        const { configure_link: link } = await session({ allow: ['/fieldMapping'] });
        await page.goto(link);
        const picker = page.getByRole('combobox', { name: /Choose the field for Internal number/ });
        await picker.getByText('Employee number').waitFor();
        assert.equal(await page.getByRole('switch').count(), 0);
        await axe(page);
        await picker.click();
        await page.getByPlaceholder(/by name, key or value/).waitFor();
        await axe(page);
        await page.keyboard.type('cost');
        await page.keyboard.press('Enter');
        await page.getByText('1 unsaved change').waitFor();
        await page.getByRole('button', { name: 'See the effect' }).click();
        await page.getByRole('button', { name: '6 changed' }).waitFor();
        await shot(page, 'configure preview');
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByText('Saved. It counts from now on.').waitFor();
        assert.equal((await metadata()).fieldMapping.internal_id, 'custom_field_9');
        await axe(page);
    });

    browserTest('it speaks German where the session says so', there, {}, async (page) => {
        const { configure_link: link } = await session({ locale: 'de' });
        await page.goto(link);
        await page.getByRole('heading', { name: 'Ihre Felder aus HubSpot verbinden' }).waitFor();
        assert.equal(await page.locator('html').getAttribute('lang'), 'de');
    });

    browserTest('a link that has ended says so', there, {}, async (page) => {
        await page.goto('/configure#token=none');
        await page.getByRole('heading', { name: 'This link no longer works' }).waitFor();
        await axe(page);
    });

    browserTest('it sits in a page of another origin as <bespoke-configure>, and tells what was saved', there, {}, async (page) => {
        const origin = `http://127.0.0.1:${host.address().port}`;
        await suite.server.must('PATCH', '/environment/configure', { body: { allowed_origins: [origin] } });
        const { token } = await session({ allow: ['/features'] });
        await page.goto(origin);
        await embed(page, token);
        const frame = page.frameLocator('iframe');
        await frame.getByRole('switch', { name: 'Sync names' }).click();
        await frame.getByRole('button', { name: 'Save' }).click();
        await page.waitForFunction(() => document.title.startsWith('saved '));
        assert.equal((await metadata()).features.names, true);
    });

    for (const [locale, { title, save }] of Object.entries({
        fr: { title: 'Reliez vos champs HubSpot', save: 'Enregistrer' },
        ja: { title: 'HubSpotの項目をつなぐ', save: '保存' },
    })) {
        browserTest(`in the frame it speaks the customer's language: ${locale}`, there, {}, async (page) => {
            const origin = `http://127.0.0.1:${host.address().port}`;
            await suite.server.must('PATCH', '/environment/configure', { body: { allowed_origins: [origin] } });
            const { token } = await session({ locale });
            await page.goto(origin);
            await embed(page, token);
            const frame = page.frameLocator('iframe');
            await frame.getByRole('heading', { level: 1 }).filter({ hasText: title }).waitFor();
            assert.equal(await frame.locator('html').getAttribute('lang'), locale);
            await frame.getByRole('switch', { name: 'Sync names' }).click();
            await shot(page, `configure frame ${locale}`);
            await frame.getByRole('button', { name: save, exact: true }).click();
            await page.waitForFunction(() => document.title.startsWith('saved '));
        });
    }

    for (const look of looks) {
        browserTest(`it is readable, ${look.name}`, there, look, async (page) => {
            const { configure_link: link } = await session();
            await page.goto(link);
            await page.getByRole('heading', { name: 'Field mapping' }).waitFor();
            await page.getByRole('combobox', { name: /Internal number: (Employee number|Cost centre)/ }).waitFor();
            await fitsScreen(page);
            await axe(page);
            await shot(page, `configure ${look.name}`);
        });
    }
});
