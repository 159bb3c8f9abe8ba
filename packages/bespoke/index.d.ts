/**
 * Types of functions that run on Bespoke.
 *
 * Import them by either name: `import { createSync } from 'bespoke'` or, as functions written for Nango do, `from 'nango'`.
 */

export { createAction, createConfig, createOnEvent, createSync } from './types/definitions.js';
export type {
    Action,
    ActionDefinition,
    Config,
    ConfigDefinition,
    Event,
    HttpEndpoint,
    ModelsSchema,
    ObjectSchema,
    OnEvent,
    OnEventDefinition,
    OptionalObjectSchema,
    Sync,
    SyncDefinition,
} from './types/definitions.js';
export type {
    ActionError,
    ActionErrorConstructor,
    DeepPartial,
    EnvironmentVariable,
    LogLevel,
    MetadataOf,
    NangoAction,
    NangoSync,
} from './types/nango.js';
export type {
    ApiKeyCredentials,
    BasicCredentials,
    Connection,
    Credentials,
    EndUser,
    NoCredentials,
    OAuth2Credentials,
} from './types/connection.js';
export type {
    AxiosError,
    AxiosResponse,
    CursorPagination,
    HttpMethod,
    LinkPagination,
    OffsetPagination,
    PaginateConfiguration,
    Pagination,
    ProxyConfiguration,
} from './types/http.js';
