import { createSync } from 'bespoke';
import { Configuration, type HubSpotContact, Person, properties, toPerson } from '../person.js';

export default createSync({
    description: 'People, with as much of them as the customer has switched on',
    version: '1.0.0',
    frequency: 'every hour',
    autoStart: true,
    models: { Person },
    metadata: Configuration,
    exec: async (nango) => {
        const { features } = Configuration.parse((await nango.getMetadata()) ?? {});
        // A person whom a flag has taken out is deleted here too, and comes back when the flag does.
        await nango.trackDeletesStart('Person');
        const pages = nango.paginate<HubSpotContact>({
            endpoint: '/crm/v3/objects/contacts',
            params: { properties: properties(features).join(',') },
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
            const people = page.map((contact) => toPerson(contact, features));
            await nango.batchSave(
                people.filter((person) => person.active || features.inactivePeople),
                'Person',
            );
        }
        await nango.trackDeletesEnd('Person');
    },
});
