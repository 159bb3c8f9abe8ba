import { createSync } from 'nango';
import { z } from 'zod';

const Contact = z.object({ id: z.string(), name: z.string() });

export default createSync({
    description: 'Saves what webhooks bring; the first try of a contact named "flaky" fails',
    frequency: 'every day',
    autoStart: false,
    models: { Contact },
    webhookSubscriptions: ['contact.changed'],
    exec: async () => {},
    onWebhook: async (nango, payload: { id: string; name: string }) => {
        const metadata = (await nango.getMetadata()) as { seen?: string[] } | null;
        const seen = metadata?.seen ?? [];
        await nango.updateMetadata({ seen: [...seen, payload.id] });
        if (payload.name === 'flaky' && !seen.includes(payload.id)) throw new Error('not yet');
        await nango.batchSave([{ id: payload.id, name: payload.name }], 'Contact');
    },
});
