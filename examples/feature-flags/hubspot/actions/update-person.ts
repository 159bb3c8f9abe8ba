import { createAction } from 'bespoke';
import { z } from 'zod';
import { Configuration, type HubSpotContact, Person, toPerson } from '../person.js';

const Change = z.object({ id: z.string(), email: z.email() });

export default createAction({
    description: "Writes a person's new address back to the CRM, for customers who want that",
    version: '1.0.0',
    input: Change,
    output: Person,
    metadata: Configuration,
    exec: async (nango, input) => {
        const { features } = Configuration.parse((await nango.getMetadata()) ?? {});
        if (!features.writeBack) {
            throw new nango.ActionError({
                code: 'feature_disabled',
                message: 'Writing back is switched off for this customer: features.writeBack',
            });
        }
        const { data } = await nango.zodValidateInput({ zodSchema: Change, input });
        const response = await nango.patch<HubSpotContact>({
            endpoint: `/crm/v3/objects/contacts/${data.id}`,
            data: { properties: { email: data.email } },
        });
        return toPerson(response.data, features);
    },
});
