import { createAction } from 'bespoke';
import { z } from 'zod';
import { Filter, filterGroups } from '../filter.js';

export default createAction({
    description: 'How many contacts a filter fits: what a settings page shows before the filter is saved',
    version: '1.0.0',
    input: Filter,
    output: z.object({ total: z.number() }),
    previewReads: ['POST /crm/v3/objects/contacts/search'],
    exec: async (nango, input) => {
        const { data } = await nango.zodValidateInput({ zodSchema: Filter, input });
        const response = await nango.post<{ total: number }>({
            endpoint: '/crm/v3/objects/contacts/search',
            data: { properties: [], filterGroups: filterGroups(data), limit: 1 },
            retries: 3,
        });
        return { total: response.data.total };
    },
});
