// Debian's Chromium on the dashboard. A test fails where the page logs an error or breaks its policy (CSP).

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeBrowser, openPage } from './chromium.mjs';
import { startServer } from './server.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const shots = here('../../target/shots');
const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What the pages are looked at in. */
export const looks = [
    { name: 'light', theme: 'light' },
    { name: 'dark', theme: 'dark' },
    { name: 'phone', theme: 'light', phone: true },
];

after(closeBrowser);

export { openPage };

/**
 * The server of a suite: started with `options` (or what a function gives for them), with the integration `hubspot` and both customers (`fill`), its first administrator
 * (`admin`) and whatever `prepare` does. `there` and `signedIn` are what browserTest takes.
 */
export function suiteServer({ options, fill = true, admin = true, prepare } = {}) {
    const suite = { server: undefined, cookie: undefined, there: () => suite.server, signedIn: () => ({ cookie: suite.cookie }) };
    before(async () => {
        suite.server = await startServer(typeof options === 'function' ? await options() : options);
        if (admin) suite.cookie = await suite.server.setUp();
        if (fill) await suite.server.fill();
        await prepare?.(suite.server);
    });
    after(() => suite.server?.stop());
    return suite;
}

/** A test with a page; `options` as of openPage, or a function that gives them once the server is there. */
export function browserTest(name, server, options, body) {
    test(name, async (t) => {
        const { page, context, problems } = await openPage(server(), typeof options === 'function' ? options() : options);
        try {
            await body(page, t);
            assert.deepEqual(problems, [], 'the browser complained');
        } catch (error) {
            await shot(page, `failed ${name}`).catch(() => {});
            throw error;
        } finally {
            await context.close();
        }
    });
}

/** Opens `path` and waits until nothing loads any more. */
export async function visit(page, path) {
    await page.goto(path);
    await settled(page);
}

/** Waits for the page's heading, and until nothing says that it loads. */
export async function settled(page) {
    await page.locator('h1').first().waitFor();
    await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
}

/** Waits until nothing has changed in the page for a while: axe cannot name an element that has gone meanwhile. */
async function quiet(page) {
    await page.evaluate(() => new Promise((done) => {
        const observer = new MutationObserver(() => wait());
        let timer;
        const wait = () => {
            clearTimeout(timer);
            timer = setTimeout(() => {
                observer.disconnect();
                done();
            }, 150);
        };
        observer.observe(document, { subtree: true, childList: true, attributes: true });
        wait();
    }));
}

/**
 * Asserts that axe finds nothing against WCAG 2.2 A and AA, and none of its best practices. Where elements came or went
 * while axe looked (an editor marks a mistake a second later), it looks again.
 */
export async function axe(page) {
    await page.evaluate(axeSource);
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    let seen;
    do {
        await quiet(page);
        seen = await page.evaluate(async (values) => {
            let hasChanged = false;
            const observer = new MutationObserver(() => (hasChanged = true));
            observer.observe(document, { subtree: true, childList: true });
            const found = await window.axe.run(document, { runOnly: { type: 'tag', values } }).catch((error) => ({ error }));
            await new Promise((done) => requestAnimationFrame(done));
            observer.disconnect();
            if (hasChanged) return { hasChanged };
            if (found.error) throw found.error;
            return { violations: found.violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html, any, all, none }) => `${html} ${[...any, ...all, ...none].map(({ message }) => message).join('; ')}`) })) };
        }, tags);
    } while (seen.hasChanged);
    assert.deepEqual(seen.violations, []);
}

/** Asserts that nothing is wider than the screen. */
export async function fitsScreen(page) {
    // The frame stays while its content scrolls by itself.
    const widths = await page.evaluate(() => [document.documentElement, document.querySelector('#content')].flatMap((one) => (one ? [[one.scrollWidth, one.clientWidth]] : [])));
    for (const [wanted, there] of widths) assert.ok(wanted <= there, `the page is ${wanted} px wide on a screen of ${there} px`);
}

/** Writes a screenshot into target/shots, for people to look at. */
export async function shot(page, name) {
    await mkdir(shots, { recursive: true });
    await page.screenshot({ path: join(shots, `${name.replace(/[^\w-]+/g, '-').toLowerCase()}.png`) });
}
