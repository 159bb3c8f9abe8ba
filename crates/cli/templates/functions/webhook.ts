import { createSync } from 'bespoke';
import { z } from 'zod';

/** What is kept of each record; the id is the provider's. */
const __MODEL__ = z.object({ id: z.string() });

/** What the provider sends. */
const Payload = z.object({ id: z.union([z.string(), z.number()]) });

export default createSync({
    description: '__NAME__ of __INTEGRATION__',
    version: '1.0.0',
    // Webhooks can get lost: once a day everything is read.
    frequency: 'every day',
    models: { __MODEL__ },
    // The types of webhooks that `onWebhook` wants; '*' for all.
    webhookSubscriptions: ['*'],
    exec: async (nango) => {
        for await (const page of nango.paginate<{ id: string | number }>({ endpoint: '/', retries: 3 })) {
            await nango.batchSave(
                page.map(({ id }) => ({ id: String(id) })),
                '__MODEL__',
            );
        }
    },
    onWebhook: async (nango, payload) => {
        const { id } = Payload.parse(payload);
        await nango.batchSave([{ id: String(id) }], '__MODEL__');
    },
});
