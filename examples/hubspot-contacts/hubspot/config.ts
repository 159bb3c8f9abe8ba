import { createConfig } from 'bespoke';
import { z } from 'zod';
import { Feature, Filter, Mapping } from './contact.js';

export default createConfig({
    description: 'Which of their fields a customer means, and which contacts they want',
    version: 1,
    schema: z.object({
        fieldMapping: Mapping.meta({
            title: 'Field mapping',
            description: 'Which field of the CRM fills which of our fields',
        }),
        filterStatus: z.string().optional().meta({
            title: 'Only this status',
            description: 'Only contacts whose Status is this; all of them when it is empty',
        }),
        filters: z.array(Filter).optional().meta({
            title: 'Which contacts',
            description: 'Only those that meet all conditions',
        }),
        features: z.object({ names: Feature.meta({ title: 'Sync names', description: "Keeps each contact's first and last name" }) }).optional().meta({
            title: 'Features',
        }),
    }),
    ui: {
        fieldMapping: { optionsFrom: 'list-custom-fields' },
        filters: { widget: 'filter', optionsFrom: 'list-custom-fields' },
        $preview: ['contacts'],
        $productName: 'Acme Reports',
    },
});
