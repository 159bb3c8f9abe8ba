// Debian's Chromium on the dashboard. A test fails where the page logs an error or breaks its policy (CSP).

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const shots = here('../../target/shots');
const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What the pages are looked at in. */
export const looks = [
    { name: 'light', theme: 'light' },
    { name: 'dark', theme: 'dark' },
    { name: 'phone', theme: 'light', phone: true },
];

let launched;
async function launch() {
    const executablePath = process.env.BESPOKE_CHROMIUM ?? execFileSync(here('../../scripts/chromium'), { encoding: 'utf8' }).trim();
    // Root may not use Chromium's sandbox; it only opens our own pages here.
    return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}
after(async () => (await launched)?.close());

/** A page of `server` in a context of its own; `cookie` signs it in. `problems` fills with what the browser complains of. */
export async function openPage(server, { cookie, theme = 'light', phone = false } = {}) {
    launched ??= launch();
    const context = await (await launched).newContext({
        baseURL: server.url,
        colorScheme: theme,
        locale: 'en-GB',
        reducedMotion: 'reduce',
        viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 960 },
        hasTouch: phone,
    });
    context.setDefaultTimeout(15_000);
    if (cookie) await context.addCookies([{ name: 'bespoke_session', value: cookie, url: server.url, httpOnly: true, sameSite: 'Lax' }]);
    const problems = [];
    await context.exposeBinding('bespokeProblem', (_, problem) => problems.push(problem));
    await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
            window.bespokeProblem(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
        });
    });
    const page = await context.newPage();
    // A refusal is an answer, and shown as one; the browser logs it all the same.
    const refusal = /Failed to load resource: the server responded with a status of 4\d\d/;
    page.on('console', (message) => message.type() === 'error' && !refusal.test(message.text()) && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(String(error)));
    return { page, context, problems };
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

/** Asserts that axe finds nothing against WCAG 2.2 A and AA, and none of its best practices. */
export async function axe(page) {
    await quiet(page);
    await page.evaluate(axeSource);
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const violations = await page.evaluate(async (values) => {
        const found = await window.axe.run(document, { runOnly: { type: 'tag', values } });
        return found.violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html, any, all, none }) => `${html} ${[...any, ...all, ...none].map(({ message }) => message).join('; ')}`) }));
    }, tags);
    assert.deepEqual(violations, []);
}

/** Asserts that nothing is wider than the screen. */
export async function fitsScreen(page) {
    const [wanted, there] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(wanted <= there, `the page is ${wanted} px wide on a screen of ${there} px`);
}

/** Writes a screenshot into target/shots, for people to look at. */
export async function shot(page, name) {
    await mkdir(shots, { recursive: true });
    await page.screenshot({ path: join(shots, `${name.replace(/[^\w-]+/g, '-').toLowerCase()}.png`) });
}
