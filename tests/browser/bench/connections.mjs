// `make bench`, the dashboard's part: how long it is, in a browser, until the list of many connections shows its rows. The
// first line of a kind is of a server that was just started; BENCH_FLEET is the number of connections, 100,000.

import { fileURLToPath } from 'node:url';

process.env.BESPOKE_BINARY ??= fileURLToPath(new URL('../../../target/release/bespoke', import.meta.url));
const { closeBrowser, openPage } = await import('../chromium.mjs');
const { seed } = await import('../seed.mjs');
const { startServer } = await import('../server.mjs');

const SIZE = Number(process.env.BENCH_FLEET ?? 100_000);
const TARGET_MS = 1_000;
const lines = [];

/** Rows that are in the page, by their text. */
const rows = '[role="table"][aria-label="Connections"] [data-row] a';

/** Opens `path` anew; the milliseconds from the navigation until a row with `text` can be seen, and those of the list's request. */
async function opened(page, path, text = '') {
    let asked = 0;
    const heard = (response) => {
        if (response.url().includes('/fleet/connections')) asked = Math.max(asked, response.request().timing().responseStart);
    };
    page.on('response', heard);
    await page.goto('about:blank');
    const begin = performance.now();
    await page.goto(path);
    await page.waitForFunction(([selector, wanted]) => [...document.querySelectorAll(selector)].some((row) => row.textContent.includes(wanted)), [rows, text], { polling: 'raf' });
    const total = performance.now() - begin;
    page.off('response', heard);
    return { total, asked };
}

const median = (values) => values.sort((one, other) => one - other)[Math.floor(values.length / 2)];

function note(what, total, asked) {
    lines.push([what, `${total.toFixed(0)} ms`, asked === undefined ? '' : `${asked.toFixed(0)} ms`, total <= TARGET_MS ? '≤ 1 s' : '≤ 1 s  MISSED']);
    console.error(lines.at(-1).join('  '));
}

async function measured(page, what, path, text) {
    const first = await opened(page, path, text);
    note(`${what}, first`, first.total, first.asked);
    const later = [];
    for (let turn = 0; turn < 5; turn += 1) later.push(await opened(page, path, text));
    note(`${what}, later`, median(later.map(({ total }) => total)), median(later.map(({ asked }) => asked)));
}

async function measure(server) {
    const cookie = await server.setUp();
    const begin = performance.now();
    await seed(server, SIZE);
    console.error(`${SIZE} connections made in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
    // What was learnt while they were made is gone then: the first questions are those of a server that was just started.
    await server.restart();

    const { page } = await openPage(server, { cookie });
    // Longer than anything should take: what is slow is to be told, too.
    page.setDefaultTimeout(60_000);
    const list = '/app/dev/connections';
    await measured(page, 'the list', list, `${SIZE - 1}`);
    await measured(page, 'search, one fits', `${list}?q=customer-${Math.floor(SIZE / 3)}.example`, `${Math.floor(SIZE / 3)}`);
    await measured(page, 'search, a tenth fits', `${list}?q=northwind`, 'Northwind');
    await measured(page, 'search, nearly at the end', `${list}?q=customer-77.example`, ' 77');
    await measured(page, 'tag', `${list}?tag=%5B%22plan%3Apro%22%5D`, '');
    await measured(page, 'status: invalid configuration', `${list}?status=invalid`, '');
    await measured(page, 'status: ok', `${list}?status=ok`, '');
    await measured(page, 'configuration: filterStatus is all', `${list}?path=%2FfilterStatus&op=is&value=all`, '');
    await measured(page, 'configuration: accountId of one', `${list}?path=%2FaccountId&op=is&value=account-77`, ' 77');
    await measured(page, 'worst first', `${list}?sort=status`, '');

    // Typed into the search field: from the last key on, the pause of 150 ms that it waits for included.
    await opened(page, list);
    await page.getByRole('searchbox', { name: 'Search connections' }).pressSequentially('contoso');
    const typed = performance.now();
    await page.waitForFunction(([selector]) => document.querySelector(selector)?.textContent.startsWith('Contoso'), [rows], { polling: 'raf' });
    note('typed search, from the last key', performance.now() - typed);

    // To the end of what is loaded, again and again: each time another page comes.
    await opened(page, list);
    const pages = [];
    for (let turn = 0; turn < Math.min(50, SIZE / 100 - 1); turn += 1) {
        const loaded = (turn + 1) * 100;
        const start = performance.now();
        await page.evaluate(() => {
            const table = document.querySelector('[role="table"][aria-label="Connections"]');
            table.scrollTop = table.scrollHeight;
        });
        await page.waitForFunction((count) => document.querySelector(`[data-row="${count}"] a`), loaded, { polling: 'raf' });
        pages.push(performance.now() - start);
    }
    note('scrolling: the next 100 rows, median of 50 pages', median([...pages]));
    note('scrolling: the slowest of them', Math.max(...pages));
    lines.push(['rows in the page after all that', String(await page.locator(rows).count()), '', '']);
}

const server = await startServer({ env: { BESPOKE_RATE_LIMIT: '100000000' } });
try {
    await measure(server);
} finally {
    await closeBrowser();
    await server.stop();
}

const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((cells) => cells[column].length), ['figure', 'until rows', 'its request', 'target'][column].length));
console.log(`${SIZE} connections in a browser, SQLite`);
for (const cells of [['figure', 'until rows', 'its request', 'target'], ...lines]) console.log(cells.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd());
