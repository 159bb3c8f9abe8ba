import { createSync } from 'bespoke';
import { z } from 'zod';

/** What is kept of each record; the id is the provider's. */
const __MODEL__ = z.object({ id: z.string() });

/** What differs from customer to customer: the metadata of each connection. */
const Configuration = z.object({});

export default createSync({
    description: '__NAME__ of __INTEGRATION__',
    version: '1.0.0',
    frequency: 'every hour',
    models: { __MODEL__ },
    metadata: Configuration,
    exec: async (nango) => {
        for await (const page of nango.paginate<{ id: string | number }>({ endpoint: '/', retries: 3 })) {
            await nango.batchSave(
                page.map(({ id }) => ({ id: String(id) })),
                '__MODEL__',
            );
        }
    },
});
