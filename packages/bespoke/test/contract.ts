// Every member of the `nango` object, with what the schemas make of it.
import { createAction, createOnEvent, createSync, type Connection, type NangoSync } from 'bespoke';
import { z } from 'zod';

/** Whether two types are the same, not only assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_ extends true>(): void => {};

const Issue = z.object({ id: z.string(), title: z.string(), tags: z.array(z.string()).default([]) });
type Issue = z.infer<typeof Issue>;

export const everything = createSync({
    description: 'Uses everything',
    frequency: 'every 5 minutes',
    limits: { timeout: '1h', memory: '512MB', retries: { attempts: 3, backoff: '10s' } },
    models: { Issue, Label: z.object({ id: z.string() }) },
    metadata: z.object({ repository: z.string(), since: z.string().default('2020') }),
    checkpoint: z.object({ page: z.number(), done: z.boolean().optional() }),
    webhookSubscriptions: ['*'],
    exec: async (nango) => {
        const metadata = await nango.getMetadata();
        same<Same<typeof metadata, { repository: string; since: string }>>();
        const checkpoint = await nango.getCheckpoint();
        same<Same<typeof checkpoint, { page: number; done?: boolean | undefined } | null>>();
        await nango.saveCheckpoint({ page: (checkpoint?.page ?? 0) + 1 });
        // @ts-expect-error the checkpoint has no such field
        await nango.saveCheckpoint({ page: 1, other: 2 });
        // @ts-expect-error a page is a number
        await nango.saveCheckpoint({ page: '1' });
        await nango.clearCheckpoint();

        await nango.setMergingStrategy({ strategy: 'ignore_if_modified_after' }, 'Issue');
        await nango.trackDeletesStart('Issue');
        // @ts-expect-error the model is not declared
        await nango.trackDeletesStart('Other');
        await nango.batchSave([{ id: '1', title: 'x', tags: [] }], 'Issue');
        await nango.batchUpdate([{ id: '1', title: 'y' }], 'Issue');
        await nango.batchDelete([{ id: '1' }], 'Label');
        const { deletedKeys } = await nango.trackDeletesEnd('Issue');
        same<Same<typeof deletedKeys, string[]>>();

        const found = await nango.getRecordsByIds([1, 2], 'Issue');
        const title: string | undefined = found.get(1)?.title;
        const action: 'ADDED' | 'UPDATED' | 'DELETED' | undefined = found.get(2)?._nango_metadata.last_action;
        for await (const issue of nango.listRecords('Issue')) await nango.log(issue.title, { title, action }, { level: 'debug' });
        // @ts-expect-error the strategy does not exist
        await nango.setMergingStrategy({ strategy: 'newest' }, 'Issue');

        if (await nango.tryAcquireLock({ key: 'all', ttlMs: 1_000 })) await nango.releaseLock({ key: 'all' });
        await nango.releaseAllLocks();
        const ran: Date | undefined = nango.lastSyncDate;
        const kind: 'sync' | 'action' | 'webhook' | 'on-event' = nango.scriptType;
        await nango.log(`${nango.variant} ${nango.activityLogId} ${nango.logger.level} ${kind} ${ran?.toISOString() ?? 'never'}`);
    },
    onWebhook: async (nango, payload: { issue: { id: number; title: string } }) => {
        await nango.batchSave([{ id: String(payload.issue.id), title: payload.issue.title, tags: [] }], 'Issue');
    },
});

export const rest = createAction({
    description: 'Uses the rest',
    input: z.object({ name: z.string(), count: z.number().default(1) }),
    output: z.union([z.object({ id: z.string() }), z.null()]),
    limits: { concurrency: 2 },
    exec: async (nango, input) => {
        same<Same<typeof input, { name: string; count: number }>>();
        const { data, success } = await nango.zodValidateInput({ zodSchema: z.object({ name: z.string() }), input });
        same<Same<typeof data, { name: string }>>();
        same<Same<typeof success, true>>();

        const token = await nango.getToken();
        if (typeof token === 'object' && 'oAuthToken' in token) await nango.log(token.oAuthTokenSecret);
        const integration = await nango.getIntegration({ include: ['webhook'] });
        const address: string | null | undefined = (await nango.getWebhookURL()) ?? integration.webhook_url;
        const answer = await nango.uncontrolledFetch({ url: { href: 'https://example.com' }, method: 'POST', body: '{}' });
        if (!answer.ok) throw new nango.ActionError({ message: answer.headers.get('x-reason') ?? address ?? '' });

        const output = await nango.triggerAction<{ id: string }>('github', 'a', 'create-issue', { title: 'x' });
        await nango.triggerAction('create-issue', { title: 'x' });
        await nango.triggerSync('github', 'a', { name: 'issues', variant: 'open' }, { reset: true });
        await nango.triggerSync('github', 'a', 'issues', 'full_refresh');
        await nango.startSync('github', ['issues']);
        // @ts-expect-error actions have no variant
        await nango.log(nango.variant);
        // @ts-expect-error a checkpoint is flat
        await nango.saveCheckpoint({ nested: {} });
        await nango.saveCheckpoint({ at: 1, done: true, name: 'x' });
        const connection: Connection = await nango.getConnection('github', 'a', { forceRefresh: true });
        await nango.log(connection.provider, input.count);
        return output;
    },
});

// @ts-expect-error syncs have no concurrency: one run of each goes on at a time
createSync({ description: '', frequency: 'hour', models: {}, limits: { concurrency: 1 }, exec: async () => {} });

// @ts-expect-error the memory needs its unit
createAction({ description: '', input: z.void(), output: z.void(), limits: { memory: '512' }, exec: async () => {} });

// @ts-expect-error there is no such event
createOnEvent({ description: '', event: 'connection-created', exec: async () => {} });

// @ts-expect-error a configuration is an object
createOnEvent({ description: '', event: 'validate-connection', metadata: z.string(), exec: async () => {} });

/** Helpers take any sync. */
export async function all(nango: NangoSync): Promise<void> {
    await nango.batchSave([{ id: '1' }], 'Anything');
}
export const passed = (nango: NangoSync<{ Issue: typeof Issue }>): Promise<void> => all(nango);
