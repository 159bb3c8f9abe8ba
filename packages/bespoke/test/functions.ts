// What authors write compiles, and what would fail when it runs does not.
import { createAction, createConfig, createOnEvent, createSync } from 'bespoke';
import type { AxiosError, NangoAction, NangoSync, ProxyConfiguration } from 'nango';
import { z } from 'zod';

const Contact = z.object({ id: z.string(), email: z.string().nullable(), address: z.object({ city: z.string(), zip: z.string() }) });
type Contact = z.infer<typeof Contact>;

/** A helper is written against the general types and takes the special ones. */
async function log(nango: NangoAction, text: string): Promise<void> {
    await nango.log(text, { count: 1 }, { level: 'warn' });
}

const sync = createSync({
    description: 'Contacts',
    frequency: 'every hour',
    models: { Contact, Deal: z.object({ id: z.string() }) },
    metadata: z.object({ field: z.string(), filter: z.string().optional() }),
    checkpoint: z.object({ after: z.string() }),
    exec: async (nango) => {
        const { field, filter } = await nango.getMetadata();
        const text: string = field;
        const maybe: string | undefined = filter;
        const config: ProxyConfiguration = { endpoint: '/x', params: { text, maybe }, retries: 3, retryOn: [409] };
        for await (const page of nango.paginate<Contact>({ ...config, paginate: { limit: 100 } })) {
            await nango.batchSave(page, 'Contact');
        }
        await nango.batchUpdate([{ id: '1', address: { city: 'Oslo' } }], 'Contact');
        await nango.batchDelete([{ id: '1' }], 'Deal');
        await nango.updateMetadata({ filter: 'x' });
        await log(nango, nango.variant);

        // @ts-expect-error the model is not declared
        await nango.batchSave([], 'Company');
        // @ts-expect-error the email is missing
        await nango.batchSave([{ id: '1' }], 'Contact');
        // @ts-expect-error the metadata has no such key
        await nango.updateMetadata({ other: 1 });
        // @ts-expect-error no endpoint
        await nango.get({ retries: 1 });
    },
});
const kind: 'sync' = sync.type;

export const action = createAction({
    limits: { timeout: '30s', memory: '512MB', concurrency: 1, retries: { attempts: 3, backoff: '10s' } },
    description: 'Creates a contact',
    input: z.object({ email: z.string() }),
    output: z.object({ id: z.string() }),
    exec: async (nango, input) => {
        const { data } = await nango.zodValidateInput({ zodSchema: z.object({ n: z.number().default(1) }), input });
        const n: number = data.n;
        try {
            const response = await nango.post<{ id: string }>({ endpoint: '/contacts', data: { email: input.email, n } });
            return { id: response.data.id };
        } catch (error) {
            const status = (error as AxiosError).response?.status;
            throw new nango.ActionError({ message: 'refused', status });
        }
    },
});

export const loose = createAction({
    description: 'Without schemas of its own',
    input: z.void(),
    output: z.void(),
    metadata: z.void(),
    exec: async (nango) => {
        const metadata = await nango.getMetadata();
        const typed = await nango.getMetadata<{ a: number }>();
        const connection = await nango.getConnection();
        if (connection.credentials.type === 'OAUTH2') await nango.log(connection.credentials.access_token);
        await nango.log(metadata['anything'], [typed.a]);
        // @ts-expect-error actions keep no records
        await nango.batchSave([], 'Contact');
    },
});

// @ts-expect-error the output is not what was declared
createAction({ description: '', input: z.void(), output: z.object({ id: z.string() }), exec: async () => ({ id: 1 }) });

// @ts-expect-error a record needs an id that is text
createSync({ description: '', frequency: 'hour', models: { A1: z.object({ id: z.number() }) }, exec: async () => {} });

export const event = createOnEvent({
    description: 'Says hello',
    event: 'post-connection-creation',
    exec: async (nango) => nango.log('hello'),
});

export const config = createConfig({ version: 1, schema: z.object({ a: z.string() }), defaults: { a: 'x' } });

const Settings = z.object({ fieldMapping: z.object({ id: z.string(), label: z.string().default('name') }), limit: z.number().default(50) });

export const versions = createConfig({
    version: 3,
    schema: Settings,
    defaults: { fieldMapping: { label: 'title' } },
    migrate: {
        2: ({ idField, ...rest }) => ({ ...rest, mapping: idField }),
        3: ({ mapping, ...rest }) => ({ ...rest, fieldMapping: { id: String(mapping) } }),
    },
    onChange: { fieldMapping: 'resync', limit: 'none' },
    ui: { order: ['fieldMapping', 'limit'] },
});

createConfig({
    version: 2,
    schema: Settings,
    // @ts-expect-error the last step gives what the schema takes
    migrate: { 2: (old) => ({ limit: old['limit'] }) },
});

createConfig({
    version: 1,
    schema: Settings,
    // @ts-expect-error a limit is a number
    defaults: { limit: 'many' },
    // @ts-expect-error not an effect
    onChange: { limit: 'restart' },
});

export type AnySync = NangoSync;
export { kind };
