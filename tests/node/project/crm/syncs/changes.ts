import { createSync } from 'nango';
import { z } from 'zod';

const Thing = z.object({ id: z.string(), name: z.string(), tags: z.array(z.string()).optional(), nested: z.object({ a: z.number(), b: z.number() }).optional() });

export default createSync({
    description: 'Does to the records what the metadata says',
    frequency: 'every day',
    autoStart: false,
    models: { Thing },
    metadata: z.object({ save: z.array(z.any()).optional(), update: z.array(z.any()).optional(), remove: z.array(z.any()).optional() }),
    exec: async (nango) => {
        const { save, update, remove } = await nango.getMetadata();
        if (save) await nango.batchSave(save, 'Thing');
        if (update) await nango.batchUpdate(update, 'Thing');
        if (remove) await nango.batchDelete(remove, 'Thing');
    },
});
