import { createSync } from 'bespoke';
import { z } from 'zod';
import { Configuration, filterGroups } from '../filter.js';

const Member = z.object({ id: z.string(), email: z.string().nullable() });

interface HubSpotContact {
    id: string;
    properties: { email?: string | null };
}

export default createSync({
    description: "The contacts that fit the customer's own filter",
    version: '1.0.0',
    frequency: 'every hour',
    autoStart: true,
    models: { Member },
    metadata: Configuration,
    // HubSpot's search is a POST and only reads: a preview may send it.
    previewReads: ['POST /crm/v3/objects/contacts/search'],
    exec: async (nango) => {
        const { filter } = Configuration.parse((await nango.getMetadata()) ?? {});
        // Who no longer fits, because the contact or the filter has changed, is deleted.
        await nango.trackDeletesStart('Member');
        const pages = nango.paginate<HubSpotContact>({
            method: 'POST',
            endpoint: '/crm/v3/objects/contacts/search',
            data: { properties: ['email'], filterGroups: filterGroups(filter) },
            retries: 3,
            paginate: {
                type: 'cursor',
                cursor_name_in_request: 'after',
                cursor_path_in_response: 'paging.next.after',
                response_path: 'results',
                limit_name_in_request: 'limit',
                limit: 100,
            },
        });
        for await (const page of pages) {
            const members = page.map(({ id, properties }) => ({ id, email: properties.email ?? null }));
            await nango.batchSave(members, 'Member');
        }
        await nango.trackDeletesEnd('Member');
    },
});
