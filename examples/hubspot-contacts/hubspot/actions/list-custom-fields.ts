import { createAction } from 'nango';
import { z } from 'zod';
import type { HubSpotContact } from '../contact.js';

/** A field of the customer's CRM that a mapping may name. */
const Field = z.object({
    name: z.string(),
    label: z.string(),
    type: z.string(),
    /** What some contacts have there: people know their fields by what is in them. */
    samples: z.array(z.string()),
    /** The share of contacts that have something there, 0 to 1; missing where there are no contacts. */
    filled: z.number().optional(),
});

/** A property as HubSpot describes it. */
interface HubSpotProperty extends Pick<z.infer<typeof Field>, 'name' | 'label' | 'type'> {
    /** True for the properties that every account has. */
    hubspotDefined?: boolean;
}

export default createAction({
    description: 'The fields that the customer added to contacts, with what is in them: what a mapping can be chosen from',
    version: '1.1.0',
    // It helps to configure a customer, so it runs for those who are not configured yet.
    runsUnconfigured: true,
    input: z.void(),
    output: z.object({ fields: z.array(Field) }),
    exec: async (nango) => {
        const described = await nango.get<{ results: HubSpotProperty[] }>({
            endpoint: '/crm/v3/properties/contacts',
            retries: 3,
        });
        const custom = described.data.results.filter((property) => !property.hubspotDefined);
        // One page tells enough to recognise a field.
        const contacts = await nango.get<{ results: HubSpotContact[] }>({
            endpoint: '/crm/v3/objects/contacts',
            params: { properties: custom.map(({ name }) => name).join(','), limit: '100' },
            retries: 3,
        });
        const inUse = (field: string) => contacts.data.results.flatMap(({ properties }) => properties[field] || []);
        return {
            fields: custom.map(({ name, label, type }) => {
                const values = inUse(name);
                const all = contacts.data.results.length;
                return {
                    name,
                    label,
                    type,
                    samples: [...new Set(values)].slice(0, 3),
                    ...(all > 0 && { filled: Math.round((values.length / all) * 100) / 100 }),
                };
            }),
        };
    },
});
