/**
 * Types of functions that run on Bespoke.
 *
 * Import them by either name: `import { createSync } from 'bespoke'` or, as functions written for Nango do, `from 'nango'`.
 */

export { createAction, createConfig, createOnEvent, createSync } from './types/definitions.js';
export type {
    Action,
    ActionDefinition,
    ActionLimits,
    Config,
    ConfigDefinition,
    DurationText,
    Event,
    HttpEndpoint,
    Limits,
    OnEvent,
    OnEventDefinition,
    Sync,
    SyncDefinition,
} from './types/definitions.js';
export type {
    CheckpointOf,
    DeepPartial,
    InputOf,
    MetadataOf,
    ModelsSchema,
    ObjectSchema,
    OptionalObjectSchema,
    OutputOf,
    RecordOf,
    Schema,
    VoidSchema,
} from './types/schemas.js';
export type {
    ActionError,
    ActionErrorConstructor,
    EnvironmentVariable,
    LogLevel,
    NangoAction,
    NangoSync,
    RecordMetadata,
    ScriptType,
    SyncReference,
    TriggerSyncOptions,
} from './types/nango.js';
export type {
    ApiKeyCredentials,
    BasicCredentials,
    Connection,
    Credentials,
    EndUser,
    Integration,
    NoCredentials,
    OAuth1Credentials,
    OAuth1Token,
    OAuth2ClientCredentials,
    OAuth2Credentials,
    OtherCredentials,
} from './types/connection.js';
export type {
    AxiosError,
    AxiosResponse,
    CursorPagination,
    FetchResponse,
    HttpMethod,
    LinkPagination,
    OffsetPagination,
    PaginateConfiguration,
    Pagination,
    ProxyConfiguration,
    UncontrolledRequest,
} from './types/http.js';
