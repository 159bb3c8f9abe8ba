// Projects that still have zod 3: the same helpers, the same inference.
import { createAction, createSync } from 'nango';
import { z } from 'zod3';

const Contact = z.object({ id: z.string(), email: z.string().nullable() });

export const sync = createSync({
    description: 'Contacts',
    frequency: 'every hour',
    models: { Contact },
    metadata: z.object({ field: z.string(), limit: z.number().default(10) }),
    checkpoint: z.object({ after: z.string() }),
    exec: async (nango) => {
        const { field, limit } = await nango.getMetadata();
        const text: string = field.repeat(limit);
        const after: string | undefined = (await nango.getCheckpoint())?.after;
        await nango.batchSave([{ id: text, email: after ?? null }], 'Contact');
        // @ts-expect-error the email is missing
        await nango.batchSave([{ id: '1' }], 'Contact');
        // @ts-expect-error the checkpoint has another field
        await nango.saveCheckpoint({ before: 'x' });
    },
});

export const action = createAction({
    description: 'Creates a contact',
    input: z.object({ email: z.string() }),
    output: z.object({ id: z.string() }),
    metadata: z.void(),
    exec: async (nango, input) => {
        const { data } = await nango.zodValidateInput({ zodSchema: z.object({ email: z.string() }), input });
        const anything = (await nango.getMetadata())['anything'];
        return { id: data.email + String(anything) };
    },
});

// @ts-expect-error the output is not what was declared
createAction({ description: '', input: z.void(), output: z.object({ id: z.string() }), exec: async () => ({ id: 1 }) });

// @ts-expect-error a record needs an id that is text
createSync({ description: '', frequency: 'hour', models: { A1: z.object({ id: z.number() }) }, exec: async () => {} });
