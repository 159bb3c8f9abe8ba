import type { AxiosResponse, FetchResponse, PaginateConfiguration, ProxyConfiguration, UncontrolledRequest } from './http.js';
import type { Connection, Credentials, Integration, OAuth1Token } from './connection.js';
import type {
    CheckpointOf,
    DeepPartial,
    MetadataOf,
    ModelsSchema,
    OptionalObjectSchema,
    OutputOf,
    RecordOf,
    Schema,
} from './schemas.js';

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

/** What kind of function runs: `webhook` is `onWebhook` of a sync. */
export type ScriptType = 'sync' | 'action' | 'webhook' | 'on-event';

/** What the platform keeps beside a record. */
export interface RecordMetadata {
    /** ISO 8601, as every time here. */
    first_seen_at: string;
    last_modified_at: string;
    last_action: 'ADDED' | 'UPDATED' | 'DELETED';
    deleted_at: string | null;
    /** When its content was removed to save space. */
    pruned_at: string | null;
    /** Its place in the order of changes. */
    cursor: string;
}

/** A sync by name, or by name and variant. */
export type SyncReference = string | { name: string; variant?: string };

/** How a triggered sync starts. */
export interface TriggerSyncOptions {
    /** Forgets the last run and the checkpoint. */
    reset?: boolean;
    /** Removes the stored records first. */
    emptyCache?: boolean;
}

/** What every function can do. */
export interface NangoAction<
    Metadata extends OptionalObjectSchema = undefined,
    Checkpoint extends OptionalObjectSchema = undefined,
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
    /** What kind of function runs. */
    readonly scriptType: ScriptType;
    /** The run's id, by which its log is found. */
    readonly activityLogId: string;
    /** The sync's id; undefined in actions and on-event functions. */
    readonly syncId: string | undefined;
    /** Grows from run to run of a sync; undefined in actions and on-event functions. */
    readonly syncJobId: number | undefined;
    /** The connection's number. */
    readonly nangoConnectionId: number;
    /** The lowest level that is logged. */
    readonly logger: { level: LogLevel | 'off' };
    /** What was deployed: name, version, models and the like. */
    readonly syncConfig: Record<string, any> | undefined;
    /** There is one account: 0. */
    readonly accountId: number;
    /** Always false: functions run on the server. */
    readonly isCLI: boolean;
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
    /** The OAuth 2 access token, the OAuth 1 token with its secret, or all credentials of the other kinds; renewed where it has to be. */
    getToken(): Promise<string | OAuth1Token | Credentials>;
    /** The connection's integration. Kept for ten minutes. */
    getIntegration(options?: { include?: ('webhook' | 'credentials')[] }): Promise<Integration>;
    /** Where the provider has to send its webhooks. */
    getWebhookURL(): Promise<string | null | undefined>;
    /** @deprecated always empty for functions that were deployed by this package */
    getFlowAttributes<T = Record<string, unknown>>(): T | null;
    /** All variables of the environment. */
    getEnvironmentVariables(): Promise<EnvironmentVariable[]>;

    /**
     * Sends a request to any address, without the connection's credentials. Redirects are followed, five at most; nothing is
     * retried. Private addresses are refused with an `ActionError` whose payload is `{ code, message }`.
     */
    uncontrolledFetch(request: UncontrolledRequest): Promise<FetchResponse>;

    /** The progress that the last run saved; null where there is none. */
    getCheckpoint<T = CheckpointOf<Checkpoint>>(): Promise<T | null>;
    /**
     * Replaces the progress: at most 16 fields of text (up to 4,000 characters), numbers and truth values. Throws where
     * another run has changed it meanwhile.
     */
    saveCheckpoint(checkpoint: CheckpointOf<Checkpoint>): Promise<void>;
    /** Removes the progress. */
    clearCheckpoint(): Promise<void>;

    /** Takes a lock of the environment, or keeps it for longer; false where another run has it. It ends after `ttlMs` milliseconds, and with the run. */
    tryAcquireLock(lock: { key: string; ttlMs: number }): Promise<boolean>;
    /** Lets a lock go; whether the run had it. */
    releaseLock(lock: { key: string }): Promise<boolean>;
    /** Lets all locks of the run go. */
    releaseAllLocks(): Promise<void>;

    /** Runs an action of any integration on any connection of the environment and waits for its output. */
    triggerAction<Output = any, Input = unknown>(
        providerConfigKey: string,
        connectionId: string,
        actionName: string,
        input?: Input,
    ): Promise<Output>;
    /** The same for an action of the function's own integration and connection. */
    triggerAction<Output = any, Input = unknown>(actionName: string, input?: Input): Promise<Output>;
    /** Queues a run of a sync; does not wait for it. */
    triggerSync(
        providerConfigKey: string,
        connectionId: string,
        sync: SyncReference,
        options?: TriggerSyncOptions | 'incremental' | 'full_refresh' | 'full_refresh_and_clear_cache' | boolean,
    ): Promise<void>;
    /** Turns the schedules of syncs on, for one connection or for all of the integration. */
    startSync(providerConfigKey: string, syncs: SyncReference[], connectionId?: string): Promise<void>;

    /** Writes a line to the run's log; level `info` unless an option says otherwise. */
    log(message: unknown, options?: { level: LogLevel }): Promise<void>;
    /** The same with details, which are kept as JSON. */
    log(message: unknown, details: unknown, options?: { level: LogLevel }): Promise<void>;
    /** Drops what is below `level`. */
    setLogger(options: { level: LogLevel | 'off' }): void;

    /** Checks `input`. Logs what is wrong with it and throws an `ActionError`, or gives zod's result. */
    zodValidateInput<S extends Schema>(request: {
        zodSchema: S;
        input: unknown;
    }): Promise<{ success: true; data: OutputOf<S> }>;
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

    /** @deprecated whether the sync was declared with `trackDeletes` */
    readonly track_deletes: boolean;
    /** Whether the stored records were removed before this run. */
    readonly emptyCache: boolean;

    /** Saves records. New and changed ones are told apart by their content; the same content again changes nothing. */
    batchSave<Model extends keyof Models & string>(records: RecordOf<Models, Model>[], model: Model): Promise<boolean>;
    /** Merges the given properties into records that are there; ids that are not there are skipped. */
    batchUpdate<Model extends keyof Models & string>(
        records: ({ id: string } & DeepPartial<OutputOf<Models[Model]>>)[],
        model: Model,
    ): Promise<boolean>;
    /** Marks records as deleted. Only the `id` counts. */
    batchDelete<Model extends keyof Models & string>(
        records: ({ id: string } & DeepPartial<OutputOf<Models[Model]>>)[],
        model: Model,
    ): Promise<boolean>;
    /** @deprecated the same as `batchSave` */
    batchSend<Model extends keyof Models & string>(records: RecordOf<Models, Model>[], model: Model): Promise<boolean>;

    /** The stored records of these ids, deleted ones too, by the ids as they were given; ids that are not there are left out. */
    getRecordsByIds<Model extends keyof Models & string, Id extends string | number = string>(
        ids: Id[],
        model: Model,
    ): Promise<Map<Id, RecordOf<Models, Model> & { _nango_metadata: RecordMetadata }>>;
    /** Every stored record, the oldest change first; goes on after `cursor` where one is given. */
    listRecords<Model extends keyof Models & string>(
        model: Model,
        options?: { cursor?: string },
    ): AsyncGenerator<RecordOf<Models, Model> & { _nango_metadata: RecordMetadata }, undefined, void>;

    /**
     * From now on it is noted which records of the model are saved. The window stays open over as many runs as it takes,
     * interrupted ones too.
     */
    trackDeletesStart(model: keyof Models & string): Promise<void>;
    /** Deletes every record that was not saved since `trackDeletesStart`, and tells which. */
    trackDeletesEnd(model: keyof Models & string): Promise<{ deletedKeys: string[] }>;
    /** @deprecated `trackDeletesStart` and `trackDeletesEnd` also work over several runs */
    deleteRecordsFromPreviousExecutions(model: keyof Models & string): Promise<{ deletedKeys: string[] }>;
    /**
     * Before the first batch: `ignore_if_modified_after` leaves records alone that something else (a webhook) has changed
     * since this call; `override` is the default.
     */
    setMergingStrategy(
        merging: { strategy: 'override' | 'ignore_if_modified_after' },
        model: keyof Models & string,
    ): Promise<void>;
}
