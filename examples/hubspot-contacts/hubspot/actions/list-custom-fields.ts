import { createAction } from 'nango';
import { z } from 'zod';

/** A field of the customer's CRM that a mapping may name. */
const Field = z.object({ name: z.string(), label: z.string(), type: z.string() });

/** A property as HubSpot describes it. */
interface HubSpotProperty extends z.infer<typeof Field> {
    /** True for the properties that every account has. */
    hubspotDefined?: boolean;
}

export default createAction({
    description: 'The fields that the customer added to contacts: what a mapping can be chosen from',
    version: '1.0.0',
    // It helps to configure a customer, so it runs for those who are not configured yet.
    runsUnconfigured: true,
    input: z.void(),
    output: z.object({ fields: z.array(Field) }),
    exec: async (nango) => {
        const response = await nango.get<{ results: HubSpotProperty[] }>({
            endpoint: '/crm/v3/properties/contacts',
            retries: 3,
        });
        const custom = response.data.results.filter((property) => !property.hubspotDefined);
        return { fields: custom.map(({ name, label, type }) => ({ name, label, type })) };
    },
});
