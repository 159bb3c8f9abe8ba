import type { z } from 'zod';
import type { AxiosResponse, PaginateConfiguration, ProxyConfiguration } from './http.js';
import type { Connection } from './connection.js';
import type { ModelsSchema, OptionalObjectSchema } from './definitions.js';

/** The configuration that a function declares; without a declaration, any object. */
export type MetadataOf<Metadata> = Metadata extends z.ZodObject ? z.infer<Metadata> : Record<string, any>;

/** Every property optional, in nested objects too; arrays are whole. */
export type DeepPartial<T> = T extends readonly unknown[] | Date
    ? T
    : T extends object
      ? { [Key in keyof T]?: DeepPartial<T[Key]> | undefined }
      : T;

/** Most to least talkative; `verbose` and `silly` are `debug`, `http` is `info`. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'http' | 'verbose' | 'silly';

/** A value of the environment that the function runs in. */
export interface EnvironmentVariable {
    name: string;
    value: string;
}

/** A failure that the function reports itself. The caller gets `payload` as it is. */
export interface ActionError<Payload = Record<string, unknown>> extends Error {
    type: 'action_script_runtime_error';
    payload?: Payload;
}

/** `throw new nango.ActionError({ message: '…' })` */
export interface ActionErrorConstructor {
    new <Payload = Record<string, unknown>>(payload?: Payload): ActionError<Payload>;
}

/** What every function can do. */
export interface NangoAction<
    Metadata extends OptionalObjectSchema = undefined,
    _Checkpoint extends OptionalObjectSchema = undefined,
> {
    /** The connection that the function runs for. */
    readonly connectionId: string;
    /** Its integration's key. */
    readonly providerConfigKey: string;
    /** Its integration's provider, e.g. `hubspot`. */
    readonly provider: string;
    /** The environment's name, e.g. `dev`. */
    readonly environmentName: string;
    /** The environment's id. */
    readonly environmentId: number;
    /** The class of failures that a function reports itself. */
    readonly ActionError: ActionErrorConstructor;

    /** Sends a request to the provider's API with the connection's credentials. Throws an `AxiosError` for an answer outside of 2xx. */
    proxy<T = any>(config: ProxyConfiguration): Promise<AxiosResponse<T>>;
    /** `proxy` with `GET`. */
    get<T = any>(config: Omit<ProxyConfiguration, 'method'>): Promise<AxiosResponse<T>>;
    /** `proxy` with `POST`. */
    post<T = any>(config: Omit<ProxyConfiguration, 'method'>): Promise<AxiosResponse<T>>;
    /** `proxy` with `PUT`. */
    put<T = any>(config: Omit<ProxyConfiguration, 'method'>): Promise<AxiosResponse<T>>;
    /** `proxy` with `PATCH`. */
    patch<T = any>(config: Omit<ProxyConfiguration, 'method'>): Promise<AxiosResponse<T>>;
    /** `proxy` with `DELETE`. */
    delete<T = any>(config: Omit<ProxyConfiguration, 'method'>): Promise<AxiosResponse<T>>;
    /**
     * Yields a list page by page. How the provider pages is known for many; `config.paginate` says it, or the difference.
     *
     * ```ts
     * for await (const contacts of nango.paginate<RawContact>({ endpoint: '/contacts', retries: 3 })) { … }
     * ```
     */
    paginate<T = any>(config: PaginateConfiguration): AsyncGenerator<T[], undefined, void>;

    /**
     * The customer's configuration: one snapshot per run, so that the whole run sees the same. Null when it was never set.
     *
     * It is what was stored, not checked against the declared schema: `schema.parse(await nango.getMetadata())`
     * checks it and fills in the schema's defaults.
     */
    getMetadata<T = MetadataOf<Metadata>>(): Promise<T>;
    /** Replaces the customer's configuration. */
    setMetadata(metadata: MetadataOf<Metadata>): Promise<AxiosResponse<MetadataOf<Metadata>>>;
    /** Replaces some of its top-level keys and keeps the others; safe against other writers. */
    updateMetadata(metadata: Partial<MetadataOf<Metadata>>): Promise<AxiosResponse<Partial<MetadataOf<Metadata>>>>;
    /** The connection with its credentials; the function's own by default. Kept for a minute unless forced. */
    getConnection(
        providerConfigKey?: string,
        connectionId?: string,
        options?: { forceRefresh?: boolean; refreshToken?: boolean },
    ): Promise<Connection<MetadataOf<Metadata>>>;
    /** All variables of the environment. */
    getEnvironmentVariables(): Promise<EnvironmentVariable[]>;

    /** Runs an action of any integration on any connection of the environment and waits for its output. */
    triggerAction<Output = any, Input = unknown>(
        providerConfigKey: string,
        connectionId: string,
        actionName: string,
        input?: Input,
    ): Promise<Output>;

    /** Writes a line to the run's log; level `info` unless an option says otherwise. */
    log(message: unknown, options?: { level: LogLevel }): Promise<void>;
    /** The same with details, which are kept as JSON. */
    log(message: unknown, details: unknown, options?: { level: LogLevel }): Promise<void>;
    /** Drops what is below `level`. */
    setLogger(options: { level: LogLevel | 'off' }): void;

    /** Checks `input`. Logs what is wrong with it and throws an `ActionError`, or gives zod's result. */
    zodValidateInput<Schema extends z.ZodType>(request: {
        zodSchema: Schema;
        input: unknown;
    }): Promise<z.ZodSafeParseSuccess<z.output<Schema>>>;
}

/** What a sync can do: everything of an action, and keep records. */
export interface NangoSync<
    Models extends ModelsSchema = ModelsSchema,
    Metadata extends OptionalObjectSchema = undefined,
    Checkpoint extends OptionalObjectSchema = undefined,
> extends NangoAction<Metadata, Checkpoint> {
    /** `base`, or the name of the variant that runs. */
    readonly variant: string;
    /**
     * When the last successful run started; undefined in the first run.
     * @deprecated as in Nango
     */
    readonly lastSyncDate?: Date;

    /** Saves records. New and changed ones are told apart by their content; the same content again changes nothing. */
    batchSave<Model extends keyof Models & string>(records: z.infer<Models[Model]>[], model: Model): Promise<boolean>;
    /** Merges the given properties into records that are there; ids that are not there are skipped. */
    batchUpdate<Model extends keyof Models & string>(
        records: ({ id: z.infer<Models[Model]>['id'] } & DeepPartial<z.infer<Models[Model]>>)[],
        model: Model,
    ): Promise<boolean>;
    /** Marks records as deleted. Only the `id` counts. */
    batchDelete<Model extends keyof Models & string>(
        records: ({ id: z.infer<Models[Model]>['id'] } & DeepPartial<z.infer<Models[Model]>>)[],
        model: Model,
    ): Promise<boolean>;
}
