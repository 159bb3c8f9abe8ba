// The guide docs/guides/field-mapping.md from end to end: the sample CRM, the example project, the official client.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startCrm } from '../../../examples/sample-crm/server.mjs';
import { allRecords, onBoth, startServer, synced, until } from '../harness.mjs';

const AT = 'provider_config_key=hubspot';
const OF_A = '/connections/customer-a/metadata';

onBoth('field mapping', (database) => {
    let crm;
    let server;
    let nango;
    before(async () => {
        crm = await startCrm(0);
        const env = {
            BESPOKE_PROVIDERS: fileURLToPath(new URL('../../../examples/sample-crm/provider.yaml', import.meta.url)),
            BESPOKE_OUTBOUND_ALLOW: new URL(crm.url).host,
        };
        server = await startServer({ database, env });
        ({ nango } = server);
        const integration_config = { baseUrl: crm.url };
        await server.must('POST', '/integrations', { body: { unique_key: 'hubspot', provider: 'sample-crm', integration_config } });
        const credentials = { type: 'API_KEY', apiKey: 'crm-key-customer-a' };
        await server.must('POST', '/connections', { body: { provider_config_key: 'hubspot', connection_id: 'customer-a', credentials } });
        await server.deploy('../../examples/hubspot-contacts');
    });
    after(async () => {
        await server.stop();
        await crm.close();
    });
    const contacts = async (query = {}) => {
        const records = await allRecords(server, 'customer-a', 'Contact', { key: 'hubspot', filter: 'added,updated', ...query });
        return Object.fromEntries(records.map(({ id, internalId }) => [id, internalId]));
    };
    const metadata = (method, below, options) => server.must(method, `${OF_A}${below}${below.includes('?') ? '&' : '?'}${AT}`, options);
    /** Waits for the run that a write has queued; what it did to the contacts. */
    const resynced = async ({ applied }, look = () => {}) => {
        const [{ name, when, run_id: run }] = applied.syncs;
        assert.deepEqual([applied.effect, name, when], ['resync', 'contacts', 'now']);
        return until('the re-sync', async () => {
            await look();
            const { status, counts } = await server.must('GET', `/runs/${run}`);
            return status === 'succeeded' && counts.Contact;
        });
    };

    test('a mapping is chosen, saved, previewed, applied with a re-sync and rolled back', async () => {
        const { fields } = await nango.triggerAction('hubspot', 'customer-a', 'list-custom-fields');
        assert.deepEqual(fields.map(({ name, label }) => [name, label]), [['custom_field_123', 'Employee number'], ['custom_field_9', 'Cost centre']]);

        await nango.setMetadata('hubspot', 'customer-a', { fieldMapping: { internal_id: 'custom_field_123' } });
        await nango.startSync('hubspot', ['contacts'], 'customer-a');
        await synced(server, 'customer-a', { key: 'hubspot', status: 'SUCCESS' });
        const old = await contacts();
        assert.deepEqual(old, { 101: 'A-1001', 102: 'A-1002', 103: 'A-1003', 104: 'A-1004', 105: 'A-1005', 106: 'A-1006' });
        const { revision } = await metadata('GET', '');

        // Another field, and only the active contacts: seen before it is written.
        const patch = { fieldMapping: { internal_id: 'custom_field_9' }, filterStatus: 'active' };
        const preview = await metadata('POST', '/preview', { body: { sync: 'contacts', patch } });
        assert.deepEqual(preview.counts, { added: 0, changed: 4, removed: 2, unchanged: 0 });
        const [change] = preview.records.filter(({ id }) => id === '101');
        assert.deepEqual([change.before.internalId, change.after.internalId], ['A-1001', 'CC-10']);
        assert.deepEqual(await contacts(), old);
        assert.equal((await metadata('GET', '')).revision, revision);

        const headers = { 'content-type': 'application/merge-patch+json', 'bespoke-reason': 'ticket 42' };
        const written = await metadata('PATCH', '?apply=resync', { raw: JSON.stringify(patch), headers });
        assert.equal(written.revision, revision + 1);
        const wanted = { 101: 'CC-10', 102: 'CC-11', 104: 'CC-10', 105: 'CC-11' };
        const counts = await resynced(written, async () => {
            // At no time is anything missing that is there before and after.
            const now = await contacts();
            for (const id of Object.keys(wanted)) assert.ok([old[id], wanted[id]].includes(now[id]), `${id}: ${now[id]}`);
        });
        assert.deepEqual(counts, { added: 0, updated: 4, deleted: 2 });
        assert.deepEqual(await contacts(), wanted);
        const page = await server.must('GET', '/records?model=Contact&include_revision=true', { headers: { 'provider-config-key': 'hubspot', 'connection-id': 'customer-a' } });
        assert.deepEqual(new Set(page.records.map(({ _nango_metadata: told }) => told.metadata_revision)), new Set([revision + 1]));
        const { configuration } = await server.must('GET', `/runs/${written.applied.syncs[0].run_id}`);
        assert.deepEqual(configuration, { revision: revision + 1, paths_read: ['/features', '/fieldMapping/internal_id', '/fieldMapping/team', '/filterStatus', '/filters'], paths_cut: false });

        const restored = await metadata('POST', `/revisions/${revision}/restore?apply=resync`, { body: { reason: 'they changed their mind' } });
        assert.deepEqual(restored.metadata, { fieldMapping: { internal_id: 'custom_field_123' } });
        await resynced(restored);
        assert.deepEqual(await contacts(), old);
        const { revisions } = await metadata('GET', '/revisions');
        assert.deepEqual(revisions.slice(0, 2).map(({ source, reason }) => [source, reason]), [['restore', 'they changed their mind'], ['api', 'ticket 42']]);
    });
});
