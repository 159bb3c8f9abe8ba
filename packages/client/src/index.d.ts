import type { Client } from 'openapi-fetch';
import type { components, paths } from './schema.js';

export type { components, operations, paths } from './schema.js';

type Schemas = components['schemas'];

/** Where the server is, and how it is asked. */
export interface ClientOptions {
    /** Without a slash at the end. */
    baseUrl: string;
    /** The environment's secret key. */
    key: string;
    fetch?: typeof globalThis.fetch;
}

/** All operations, as openapi-fetch has them: `client.GET('/connections/{connection_id}', …)`. */
export function createClient(options: ClientOptions): Client<paths>;

/** What the server refused: `code` is stable, `message` is for people. */
export class BespokeError extends Error {
    readonly status: number;
    readonly code: string;
    readonly errors: { code: string; message: string; path: string[] }[];
    readonly payload: unknown;
}

/** What a function would do with a change. */
export interface ConfigurePreviewReport {
    succeeded: boolean;
    error: { code: string; message: string } | null;
    counts: { added: number; changed: number; removed: number; unchanged: number };
    records: { model: string; id: string; change: 'added' | 'changed' | 'removed'; before: unknown; after: unknown }[];
    records_left_out: number;
    problems: unknown[];
    duration_ms: number;
}

/** The configuration of one connection, by the token of a session of the configuration page: for a page of your own. Refusals are thrown as {@link BespokeError}. */
export class ConfigureSession {
    constructor(options: { baseUrl: string; token: string; fetch?: typeof globalThis.fetch });
    /** What may be set: schema, values, what is inherited, what is wrong. */
    read(): Promise<Schemas['ConfigurePage']>;
    /** What the customer may choose from at a path (JSON pointer). */
    options(path: string): Promise<Schemas['OptionList']>;
    /** What a change (merge patch) would do to the records; nothing is written. */
    preview(changes: Record<string, unknown>, options?: { function?: string; signal?: AbortSignal }): Promise<ConfigurePreviewReport>;
    /** Sets values (merge patch; `null` takes one back), where `revision`, if given, is still the newest; 412 `metadata_conflict` otherwise. */
    save(changes: Record<string, unknown>, revision?: number): Promise<Schemas['ConfigureValues']>;
}

/** Makes a session of the configuration page, in your backend. */
export function createConfigureSession(client: Client<paths>, session: Schemas['NewConfigureSession']): Promise<Schemas['ConfigureSessionData']>;
