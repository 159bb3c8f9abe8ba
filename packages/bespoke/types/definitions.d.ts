import type { z } from 'zod';
import type { NangoAction, NangoSync } from './nango.js';

/** A zod object. */
export type ObjectSchema = z.ZodObject;

/** A zod object, or nothing: left out, or `z.void()` as functions for Nango say it. */
export type OptionalObjectSchema = z.ZodObject | z.ZodVoid | undefined;

/** Models by name: a capital letter first. Each needs `id: z.string()`, by which its records are known. */
export type ModelsSchema = Record<string, z.ZodType<{ id: string }>>;

/** An address under which Nango once offered a function. Kept, not served. */
export interface HttpEndpoint {
    method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    path: string;
    group?: string;
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
    /** The progress that it keeps: a flat object of text, numbers and truth values. */
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
    /** Starts the schedule of every connection by itself; otherwise it waits for a start over the API. */
    autoStart?: boolean;
    /** @deprecated kept for functions of Nango */
    syncType?: 'full' | 'incremental';
    /** @deprecated kept for functions of Nango */
    endpoints?: HttpEndpoint[];
    /** Runs on schedule and on demand. */
    exec: (nango: NangoSync<Models, Metadata, Checkpoint>) => Promise<void> | void;
}

/** Does something once and answers. */
export interface ActionDefinition<
    Input extends z.ZodType,
    Output extends z.ZodType,
    Metadata extends OptionalObjectSchema = undefined,
    Checkpoint extends OptionalObjectSchema = undefined,
> extends Common<Metadata, Checkpoint> {
    /** What it is called with; `z.void()` for nothing. */
    input: Input;
    /** What it answers; `z.void()` for nothing. */
    output: Output;
    /** @deprecated kept for functions of Nango */
    endpoint?: HttpEndpoint;
    /** Runs once per call. The input is not checked against its schema; `nango.zodValidateInput` does that. */
    exec: (
        nango: NangoAction<Metadata, Checkpoint>,
        input: z.infer<Input>,
    ) => Promise<z.infer<Output>> | z.infer<Output>;
}

/** What an on-event function can run on. A failing `validate-connection` refuses the connection. */
export type Event = 'post-connection-creation' | 'pre-connection-deletion' | 'validate-connection';

/** Reacts to what happens to a connection. */
export interface OnEventDefinition<
    Metadata extends OptionalObjectSchema = undefined,
    Checkpoint extends OptionalObjectSchema = undefined,
> extends Common<Metadata, Checkpoint> {
    event: Event;
    exec: (nango: NangoAction<Metadata, Checkpoint>) => Promise<void> | void;
}

/** What `<integration>/config.ts` says of the configuration that all functions of the integration share. */
export interface ConfigDefinition<Schema extends ObjectSchema> {
    /** Counts up with every change of the schema. */
    version: number;
    schema: Schema;
    /** Values for what a customer did not set. */
    defaults?: Partial<z.input<Schema>>;
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
    Input extends z.ZodType,
    Output extends z.ZodType,
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
export interface Config<Schema extends ObjectSchema> extends ConfigDefinition<Schema> {
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
    Input extends z.ZodType,
    Output extends z.ZodType,
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

/** Defines the configuration of an integration. This version of Bespoke keeps it in the project only: it is not deployed. */
export function createConfig<Schema extends ObjectSchema>(definition: ConfigDefinition<Schema>): Config<Schema>;
