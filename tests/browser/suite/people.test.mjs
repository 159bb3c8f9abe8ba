// People and what they may: an invite is accepted in another browser, one signs in at an issuer, a key is made and used,
// and where the end customers' page may be shown is said.

import assert from 'node:assert/strict';
import { after, describe } from 'node:test';
import { axe, browserTest, openPage, settled, shot, suiteServer, visit } from '../browser.mjs';
import { startIssuer } from '../issuer.mjs';
import { admin } from '../server.mjs';

const customer = '/app/dev/connections/hubspot/customer-a';

/** Everything that `page` says about being signed in, gone: the one who reads it is somebody else. */
async function elsewhere(server, body) {
    const { page, context, problems } = await openPage(server);
    try {
        await body(page);
        assert.deepEqual(problems, [], 'the other browser complained');
    } catch (error) {
        await shot(page, 'failed in another browser').catch(() => {});
        throw error;
    } finally {
        await context.close();
    }
}

describe('people', () => {
    const suite = suiteServer();
    const { there, signedIn } = suite;

    browserTest('who is invited as support edits configurations, and sees neither keys nor credentials', there, signedIn, async (page) => {
        await visit(page, '/app/dev/settings/members');
        await page.getByRole('button', { name: 'Invite member' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('E-mail').fill('sam@acme.test');
        await dialog.getByRole('radio', { name: /Support/i }).check();
        await axe(page);
        await dialog.getByRole('button', { name: 'Invite member' }).click();
        const link = await page.getByRole('group', { name: 'Invite link' }).textContent();
        await axe(page);
        await page.getByRole('button', { name: 'Done' }).click();
        await page.getByText('sam@acme.test').waitFor();

        await elsewhere(suite.server, async (theirs) => {
            await visit(theirs, link);
            await theirs.getByText('You are invited as support in').waitFor();
            await axe(theirs);
            await theirs.getByLabel('Name').fill('Sam Okafor');
            await theirs.getByRole('textbox', { name: 'Password' }).fill('another four quiet words');
            await theirs.getByRole('button', { name: 'Join Bespoke' }).click();
            await theirs.waitForURL(/\/app\/dev\//);
            await settled(theirs);

            await visit(theirs, `${customer}/configuration`);
            await theirs.getByLabel('Only this status').fill('active');
            await theirs.getByRole('button', { name: 'Review and apply' }).click();
            await theirs.getByRole('radio', { name: /Only save/ }).check();
            await theirs.getByRole('button', { name: 'Apply', exact: true }).click();
            await theirs.getByText('Revision 2 applied').waitFor();

            await visit(theirs, `${customer}/authorization`);
            await theirs.getByRole('button', { name: 'Edit metadata' }).waitFor();
            assert.equal(await theirs.getByRole('button', { name: /^(Show|Reveal)/ }).count(), 0);
            await axe(theirs);
            await visit(theirs, '/app/dev/settings');
            assert.equal(await theirs.getByRole('link', { name: 'Keys' }).count(), 0);
            await visit(theirs, '/app/dev/settings/keys');
            await theirs.getByRole('heading', { name: 'Your role does not open “Keys”' }).waitFor();
            await shot(theirs, 'support settings light');
            await axe(theirs);
        });
        const { revisions } = await suite.server.must('GET', '/connections/customer-a/metadata/revisions?provider_config_key=hubspot');
        assert.equal(revisions[0].actor.name, 'Sam Okafor');

        await elsewhere(suite.server, async (late) => {
            await visit(late, link);
            await late.getByText('This invite has been used').waitFor();
        });
    });

    browserTest('a key is shown once, and opens what it was made for', there, signedIn, async (page) => {
        await visit(page, '/app/dev/settings/keys');
        await page.getByRole('button', { name: 'Create key' }).click();
        const dialog = page.getByRole('dialog', { name: 'Create key' });
        await dialog.getByLabel('Name').fill('Reporting');
        await dialog.getByRole('radio', { name: /^Reading/ }).check();
        await axe(page);
        await shot(page, 'key new light');
        await dialog.getByRole('button', { name: 'Create key' }).click();
        const key = await page.getByRole('group', { name: 'Secret key' }).textContent();
        await axe(page);
        await page.getByRole('button', { name: 'Done' }).click();
        await page.getByText('Reporting', { exact: true }).waitFor();
        assert.ok(!(await page.content()).includes(key), 'it is shown once');
        const read = await suite.server.call('GET', '/connections/customer-a?provider_config_key=hubspot', { key });
        assert.deepEqual([read.status, read.body.connection_id], [200, 'customer-a']);
        const written = await suite.server.call('POST', '/connections/metadata', { key, body: { connection_id: 'customer-a', provider_config_key: 'hubspot', metadata: {} } });
        assert.equal(written.status, 403);
    });

    browserTest('where the end customers’ page may be shown is set, and what is no origin is told', there, signedIn, async (page) => {
        await visit(page, '/app/dev/settings/customers-page');
        const origins = page.getByLabel('Allowed origins');
        await origins.fill('https://app.acme.example\nnot an origin');
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByRole('alert').waitFor();
        await axe(page);
        await shot(page, 'origins wrong light');
        await origins.fill('https://app.acme.example');
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByText('The allowed origins are saved').waitFor();
        const settings = await suite.server.must('GET', '/environment/configure');
        assert.deepEqual(settings.allowed_origins, ['https://app.acme.example']);
    });
});

describe('signing in at an issuer', () => {
    let issuer;
    const suite = suiteServer({
        fill: false,
        options: async () => {
            issuer = await startIssuer({ sub: '1', email: 'vera@acme.test', email_verified: true, name: 'Vera Holm' });
            const env = { BESPOKE_OIDC_ISSUER: issuer.url, BESPOKE_OIDC_CLIENT_ID: 'bespoke', BESPOKE_OIDC_CLIENT_SECRET: 'secret', BESPOKE_OIDC_LABEL: 'Acme' };
            return { env, reaches: [issuer.url] };
        },
    });
    const { there } = suite;
    after(() => issuer?.close());

    browserTest('who is not invited is told so, and who is comes to where they wanted', there, {}, async (page) => {
        await visit(page, '/app/dev/settings/account');
        await page.getByRole('link', { name: 'Sign in with Acme' }).click();
        await page.getByText('Acme did not sign you in.', { exact: false }).waitFor();
        await axe(page);
        await shot(page, 'sign-in refused light');

        // An administrator invites them; the link is not even needed.
        const session = await fetch(`${suite.server.url}/members`, {
            method: 'POST',
            headers: { cookie: `bespoke_session=${suite.cookie}`, origin: suite.server.url, 'content-type': 'application/json', 'bespoke-environment': 'dev' },
            body: JSON.stringify({ email: 'vera@acme.test', role: 'viewer' }),
        });
        assert.equal(session.status, 201, await session.text());
        await visit(page, '/app/dev/settings/account');
        await page.getByRole('link', { name: 'Sign in with Acme' }).click();
        await page.waitForURL(/\/app\/dev\/settings\/account/);
        await settled(page);
        await page.getByText('Vera Holm').first().waitFor();
        await axe(page);
    });

    browserTest('the password still opens the door', there, {}, async (page) => {
        await visit(page, '/sign-in');
        await page.getByLabel('E-mail').fill(admin.email);
        await page.getByRole('textbox', { name: 'Password' }).fill(admin.password);
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/app\/dev\//);
    });
});
