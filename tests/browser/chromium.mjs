// Debian's Chromium, one for all pages of a process.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

let launched;

async function launch() {
    const executablePath = process.env.BESPOKE_CHROMIUM ?? execFileSync(here('../../scripts/chromium'), { encoding: 'utf8' }).trim();
    // Root may not use Chromium's sandbox; it only opens our own pages here.
    return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}
/** Ends the browser, where it was started. */
export async function closeBrowser() {
    await (await launched)?.close();
}

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
