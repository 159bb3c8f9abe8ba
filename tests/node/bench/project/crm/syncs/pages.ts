import { createSync } from 'nango';
import { z } from 'zod';

const Person = z.object({ id: z.string(), name: z.string(), email: z.string(), note: z.string(), address: z.any(), active: z.boolean() });

export default createSync({
    description: '100,000 records in pages of 1,000 from the upstream',
    frequency: 'every day',
    autoStart: false,
    models: { Person },
    exec: async (nango) => {
        for await (const page of nango.paginate<z.infer<typeof Person>>({ endpoint: '/pages', retries: 0 })) {
            await nango.batchSave(page, 'Person');
        }
    },
});
