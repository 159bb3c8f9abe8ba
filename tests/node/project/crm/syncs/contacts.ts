import { createSync } from 'nango';
import { Configuration, Contact } from '../models.js';
import type { z } from 'zod';

interface CrmContact {
    id: number;
    status: string;
    properties: Record<string, string | undefined>;
}

export default createSync({
    description: 'Contacts with the field that each customer chose as the internal id',
    frequency: 'every hour',
    autoStart: false,
    models: { Contact },
    metadata: Configuration,
    exec: async (nango) => {
        const configuration = await nango.getMetadata();
        const field = configuration.fieldMapping.internal_id;
        for await (const page of nango.paginate<CrmContact>({ endpoint: '/contacts', params: { fields: field }, paginate: { limit: 2 }, retries: 0 })) {
            const wanted = page.filter((contact) => !configuration.filterStatus || contact.status === configuration.filterStatus);
            const contacts: z.infer<typeof Contact>[] = wanted.map((contact) => ({
                id: String(contact.id),
                internalId: contact.properties[field] ?? null,
                email: contact.properties['email'] ?? '',
            }));
            await nango.batchSave(contacts, 'Contact');
        }
    },
});
