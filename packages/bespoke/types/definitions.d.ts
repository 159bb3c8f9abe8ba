import type { DeepPartial, InputOf, ModelsSchema, ObjectSchema, OptionalObjectSchema, OutputOf, Schema } from './schemas.js';
import type { NangoAction, NangoSync } from './nango.js';

/** An address under which Nango once offered a function. Kept, not served. */
export interface HttpEndpoint {
    method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    path: string;
    group?: string;
}

/** A time: `500ms` is too short for all of them, `30s`, `10 minutes` and `1h` are fine. */
export type DurationText = string;

/** What one run may use, and how often a failed one is tried again. What is left out the server's settings decide. */
export interface Limits {
    /** Time from start to end. Actions: 1 second to 1 hour, 15 minutes by default. Syncs: to 24 hours, the default. On-events: to 30 minutes, 5 by default. */
    timeout?: DurationText;
    /** Memory: `16MB` to `1024MB`; 256 by default. */
    memory?: `${number}MB` | `${number}MiB`;
    /** What happens after a failure of a sync, an on-event function or a queued action; nothing by default. */
    retries?: {
        /** How often it is tried again, 0 to 10. The header `X-Max-Retries` of a queued action counts more. */
        attempts: number;
        /** The wait before the first retry, 1 second to 1 hour, 3 seconds by default; doubled each time up to 10 minutes. */
        backoff?: DurationText;
    };
}

/** Limits of an action. */
export interface ActionLimits extends Limits {
    /**
     * How many of it go on at once for one connection, 1 to 100. Callers who wait get `action_script_failure` if their turn
     * does not come within 30 seconds; queued ones wait as long as it takes.
     */
    concurrency?: number;
}

/** What all functions may say. */
interface Common<Metadata, Checkpoint> {
    /** For people: the plan of a deployment and the dashboard show it. */
    description: string;
    /** Your own version; counted by Bespoke when left out. */
    version?: string;
    /** Scopes that the function needs, as documentation. */
    scopes?: string[];
    /** The customer's configuration that the function reads. */
    metadata?: Metadata;
    /**
     * Requests that only read although their method can write: previews and dry runs send them. A method and a path, where `*`
     * stands for one part of it: `POST /crm/v3/objects/contacts/search`.
     */
    previewReads?: string[];
    /** The progress that it keeps between runs: a flat object of text, numbers and truth values. */
    checkpoint?: Checkpoint;
}

/** Keeps records of the customer's data up to date. */
export interface SyncDefinition<
    Models extends ModelsSchema,
    Metadata extends OptionalObjectSchema = undefined,
    Checkpoint extends OptionalObjectSchema = undefined,
> extends Common<Metadata, Checkpoint> {
    /** How often: `every 5 minutes`, `every hour`, `every half day`, `day`, `30s`; at least 30 seconds. */
    frequency: string;
    /** What it saves. No two syncs of an integration save the same model. */
    models: Models;
    /** What each run may use, and what happens after a failure. */
    limits?: Limits;
    /** Starts the schedule of every connection by itself; otherwise it waits for a start over the API. */
    autoStart?: boolean;
    /** The types of webhooks that `onWebhook` wants; `*` for all. Without it `onWebhook` never runs. */
    webhookSubscriptions?: string[];
    /** @deprecated `nango.trackDeletesStart` and `trackDeletesEnd` say exactly when what was not saved is deleted */
    trackDeletes?: boolean;
    /** @deprecated kept for functions of Nango */
    syncType?: 'full' | 'incremental';
    /** @deprecated kept for functions of Nango */
    endpoints?: HttpEndpoint[];
    /** Runs on schedule and on demand. */
    exec: (nango: NangoSync<Models, Metadata, Checkpoint>) => Promise<void> | void;
    /** Runs for each webhook of the provider that is one of `webhookSubscriptions`; `payload` is its body. */
    onWebhook?: (nango: NangoSync<Models, Metadata, Checkpoint>, payload: any) => Promise<void> | void;
}

/** Does something once and answers. */
export interface ActionDefinition<
    Input extends Schema,
    Output extends Schema,
    Metadata extends OptionalObjectSchema = undefined,
    Checkpoint extends OptionalObjectSchema = undefined,
> extends Common<Metadata, Checkpoint> {
    /** What it is called with; `z.void()` for nothing. */
    input: Input;
    /** What it answers; `z.void()` for nothing. */
    output: Output;
    /** @deprecated kept for functions of Nango */
    endpoint?: HttpEndpoint;
    /** What each run may use, and what happens after a failure. */
    limits?: ActionLimits;
    /**
     * Runs also for a customer whose configuration does not fit the schema of the integration, where the integration enforces it:
     * for an action that helps to set the configuration up, such as one that lists the fields to choose from.
     */
    runsUnconfigured?: boolean;
    /**
     * Runs once per call. How strictly input and output are checked against their schemas is a setting of the integration,
     * `data_validation`: by default what does not fit is logged. `nango.zodValidateInput` checks with zod itself.
     */
    exec: (
        nango: NangoAction<Metadata, Checkpoint>,
        input: OutputOf<Input>,
    ) => Promise<OutputOf<Output>> | OutputOf<Output>;
}

/** What an on-event function can run on. A failing `validate-connection` refuses the connection. */
export type Event = 'post-connection-creation' | 'pre-connection-deletion' | 'validate-connection';

/** Reacts to what happens to a connection. */
export interface OnEventDefinition<
    Metadata extends OptionalObjectSchema = undefined,
    Checkpoint extends OptionalObjectSchema = undefined,
> extends Common<Metadata, Checkpoint> {
    event: Event;
    /** What each run may use, and what happens after a failure. */
    limits?: Limits;
    exec: (nango: NangoAction<Metadata, Checkpoint>) => Promise<void> | void;
}

/** What a change of the configuration does to data: nothing until the next run, a run at once, or reading everything anew. */
export type ChangeEffect = 'none' | 'run' | 'resync';

/** A document of an earlier version, as it was stored: nobody promises more of it than that it is an object. */
export type EarlierConfiguration = Record<string, any>;

/** The steps to the versions, from 2: each takes what the one before left. The step to the version of the schema gives what that takes. */
export type MigrationSteps<S extends ObjectSchema, Version extends number> = {
    [Step in Version]?: (old: EarlierConfiguration) => InputOf<S>;
} & {
    [step: number]: (old: EarlierConfiguration) => object;
};

/** How a value is shown, by its path or, as `ui`, in the schema itself. */
export interface ConfigHint {
    title?: string;
    description?: string;
    /** Titles and descriptions by language: `{ de: { title: 'Phase' } }`. */
    languages?: Record<string, { title?: string; description?: string }>;
    /** The card that a single value is shown in. */
    group?: string;
    /** Where it stands among its neighbours, the smallest first. */
    order?: number;
    widget?: 'mapping' | 'filter' | 'json' | 'textarea';
    /** The action that lists what may be chosen here and below: texts, or objects with `value`, `key`, `id` or `name`. */
    optionsFrom?: string;
    /** The type that a customer's field should have to fit. */
    type?: string;
    /** Not for end customers, unless a session names it in `allow`. */
    hidden?: boolean;
    /** `false` is as `hidden: true`. */
    endCustomer?: boolean;
}

/** How people are shown a configuration: hints by path (`fieldMapping.stage`, `/fieldMapping/stage`, `filters.*.field`). */
export interface ConfigUi {
    /** Functions whose effect end customers may preview. */
    $preview?: string[];
    /** Your product's name, as end customers know it. */
    $productName?: string;
    [path: string]: ConfigHint | string[] | string | undefined;
}

/**
 * What `<integration>/config.ts` says of the configuration of all connections of the integration. It counts in place of what the
 * functions declare as `metadata`.
 */
export interface ConfigDefinition<S extends ObjectSchema, Version extends number = number> {
    /** For people: the plan of a deployment and the dashboard show it. */
    description?: string;
    /** Counts up, from 1, when documents that fitted before may not fit any more, or should look otherwise. */
    version: Version;
    /** What a customer's configuration has to fit, with the defaults below it. Keys that it does not name are always allowed. */
    schema: S;
    /** Values for what a customer did not set, over the defaults of the schema and below those that the server keeps for the integration. */
    defaults?: DeepPartial<InputOf<S>>;
    /**
     * Makes a document of an earlier version one of a later: `{ 2: (old) => ({ …old, region: 'eu' }) }`. Steps run in their order
     * and can do nothing but compute: no requests, no `nango`.
     */
    migrate?: MigrationSteps<S, Version>;
    /** What a change of a path does to data: `{ 'fieldMapping': 'resync', 'filter.status': 'run' }`; `none` where nothing is said. */
    onChange?: Record<string, ChangeEffect>;
    /** How people are shown the configuration: in the dashboard, and on your customers' own page. */
    ui?: ConfigUi;
}

/** A deployable sync. */
export interface Sync<
    Models extends ModelsSchema,
    Metadata extends OptionalObjectSchema,
    Checkpoint extends OptionalObjectSchema,
> extends SyncDefinition<Models, Metadata, Checkpoint> {
    type: 'sync';
}

/** A deployable action. */
export interface Action<
    Input extends Schema,
    Output extends Schema,
    Metadata extends OptionalObjectSchema,
    Checkpoint extends OptionalObjectSchema,
> extends ActionDefinition<Input, Output, Metadata, Checkpoint> {
    type: 'action';
}

/** A deployable on-event function. */
export interface OnEvent<Metadata extends OptionalObjectSchema, Checkpoint extends OptionalObjectSchema>
    extends OnEventDefinition<Metadata, Checkpoint> {
    type: 'onEvent';
}

/** A configuration of an integration. */
export interface Config<S extends ObjectSchema, Version extends number = number> extends ConfigDefinition<S, Version> {
    type: 'config';
}

/**
 * Defines a sync; the default export of `<integration>/syncs/<name>.ts`.
 *
 * ```ts
 * export default createSync({
 *     description: 'Contacts of the CRM',
 *     frequency: 'every hour',
 *     models: { Contact: z.object({ id: z.string(), email: z.string().nullable() }) },
 *     exec: async (nango) => {
 *         for await (const page of nango.paginate<Contact>({ endpoint: '/contacts', retries: 3 })) {
 *             await nango.batchSave(page, 'Contact');
 *         }
 *     },
 * });
 * ```
 */
export function createSync<
    Models extends ModelsSchema,
    Metadata extends OptionalObjectSchema = undefined,
    Checkpoint extends OptionalObjectSchema = undefined,
>(definition: SyncDefinition<Models, Metadata, Checkpoint>): Sync<Models, Metadata, Checkpoint>;

/** Defines an action; the default export of `<integration>/actions/<name>.ts`. */
export function createAction<
    Input extends Schema,
    Output extends Schema,
    Metadata extends OptionalObjectSchema = undefined,
    Checkpoint extends OptionalObjectSchema = undefined,
>(
    definition: ActionDefinition<Input, Output, Metadata, Checkpoint>,
): Action<Input, Output, Metadata, Checkpoint>;

/** Defines an on-event function; the default export of `<integration>/on-events/<name>.ts`. */
export function createOnEvent<
    Metadata extends OptionalObjectSchema = undefined,
    Checkpoint extends OptionalObjectSchema = undefined,
>(definition: OnEventDefinition<Metadata, Checkpoint>): OnEvent<Metadata, Checkpoint>;

/**
 * Defines the configuration of an integration; the default export of `<integration>/config.ts`.
 *
 * ```ts
 * export default createConfig({
 *     version: 2,
 *     schema: z.object({ fieldMapping: z.object({ id: z.string() }), limit: z.number().default(50) }),
 *     migrate: { 2: ({ idField, ...rest }) => ({ ...rest, fieldMapping: { id: idField } }) },
 *     onChange: { fieldMapping: 'resync' },
 * });
 * ```
 */
export function createConfig<S extends ObjectSchema, const Version extends number>(
    definition: ConfigDefinition<S, Version>,
): Config<S, Version>;
