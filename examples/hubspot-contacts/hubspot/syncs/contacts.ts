import { createSync, type PaginateConfiguration } from 'nango';
import { conditions, Configuration, Contact, type HubSpotContact, properties, toContact } from '../contact.js';

export default createSync({
    description: "Contacts, with the customer's own number from the field that the customer chose",
    version: '1.0.0',
    frequency: 'every hour',
    // A customer is configured first and then started: without a mapping there is nothing to save.
    autoStart: false,
    models: { Contact },
    metadata: Configuration,
    // HubSpot's search is a POST and only reads: a preview may send it.
    previewReads: ['POST /crm/v3/objects/contacts/search'],
    exec: async (nango) => {
        const configuration = Configuration.parse(await nango.getMetadata());
        for await (const page of nango.paginate<HubSpotContact>(request(configuration))) {
            await nango.batchSave(
                page.map((contact) => toContact(contact, configuration)),
                'Contact',
            );
        }
    },
});

/** The list of the customer's contacts; HubSpot filters only in its search. */
function request(configuration: Configuration): PaginateConfiguration {
    const asked = properties(configuration);
    const filters = conditions(configuration);
    const common = {
        retries: 3,
        paginate: {
            type: 'cursor',
            cursor_name_in_request: 'after',
            cursor_path_in_response: 'paging.next.after',
            response_path: 'results',
            limit_name_in_request: 'limit',
            limit: 100,
        },
    } as const;
    if (filters.length === 0) {
        return { ...common, endpoint: '/crm/v3/objects/contacts', params: { properties: asked.join(',') } };
    }
    return {
        ...common,
        method: 'POST',
        endpoint: '/crm/v3/objects/contacts/search',
        data: {
            properties: asked,
            filterGroups: [{ filters }],
        },
    };
}
