/** Methods that the proxy sends; either case. */
export type HttpMethod =
    | 'GET'
    | 'POST'
    | 'PUT'
    | 'PATCH'
    | 'DELETE'
    | 'get'
    | 'post'
    | 'put'
    | 'patch'
    | 'delete';

/** A request to the provider's API. Base URL and credentials are added by Bespoke. */
export interface ProxyConfiguration {
    /** Path below the provider's base URL, e.g. `/crm/v3/objects/contacts`. */
    endpoint: string;
    /** `GET` when left out. The methods named after a verb set it themselves. */
    method?: HttpMethod;
    /** Sent as they are; they win over the provider's own headers. */
    headers?: Record<string, string | number | boolean>;
    /** The query. Arrays become comma-separated text; `undefined` and `null` are left out. */
    params?: string | Record<string, unknown>;
    /** The body of a `POST`, `PUT`, `PATCH` or `DELETE`. Objects are sent as JSON unless a `content-type` header says otherwise. */
    data?: unknown;
    /**
     * How often a failed request is sent again, 0 when left out. Network failures and the statuses 401, 429 and 5xx
     * are failures that count, or what the provider's definition says.
     */
    retries?: number;
    /** Statuses that count as failures too. */
    retryOn?: number[] | null;
    /** Response headers that say when to try again: `at` a moment, or `after` a number of seconds. */
    retryHeader?: { at?: string | string[]; after?: string | string[] };
    /** Replaces the provider's base URL. */
    baseUrlOverride?: string;
    /** What `data` of the response is. By default JSON where it is JSON, else text. */
    responseType?: 'arraybuffer' | 'blob' | 'document' | 'json' | 'text' | 'stream';
    /** Whether a compressed response is decompressed. */
    decompress?: boolean;
    /** Whether credentials are sent along when the provider redirects to another host. */
    forwardHeadersOnRedirect?: boolean;
    /** Uses a connection of this integration instead; together with `connectionId`. */
    providerConfigKey?: string;
    /** Uses this connection's credentials instead; together with `providerConfigKey`. */
    connectionId?: string;
}

/** A response in the shape that axios gives it; only the author knows what the API answers. */
export interface AxiosResponse<T = any> {
    /** The body, by `responseType`. */
    data: T;
    status: number;
    statusText: string;
    /** Text by name in lower case; `set-cookie` is a list. */
    headers: Record<string, any>;
    /** The request as it was made. */
    config: Record<string, unknown>;
    request?: unknown;
}

/** What a request throws for an answer outside of 2xx, or for none at all. */
export interface AxiosError<T = any> extends Error {
    isAxiosError: true;
    /** E.g. `ERR_BAD_REQUEST`, `ECONNRESET`. */
    code?: string;
    /** The status of the answer, when there was one. */
    status?: number;
    /** The answer, when there was one. */
    response?: AxiosResponse<T>;
    config: Record<string, unknown>;
    request?: unknown;
    toJSON(): object;
}

/** What every kind of pagination has. */
interface PaginationBase {
    /** Path of the page's items in the response body, e.g. `results`; the whole body when left out. */
    response_path?: string;
    /** Items asked for per page. */
    limit?: number;
    /** Where `limit` goes in the request. */
    limit_name_in_request?: string;
    /** Puts the paging parameters into the body; by default only for `POST`, `PUT` and `PATCH`. */
    in_body?: boolean;
    /** Called after each page that has another after it. */
    on_page?: (state: { nextPageParam?: string | number | undefined; response: AxiosResponse }) => Promise<void> | void;
}

/** The response holds a cursor that the next request repeats. */
export interface CursorPagination extends PaginationBase {
    type: 'cursor';
    /** Parameter for the cursor; dots reach into a body. */
    cursor_name_in_request: string;
    /** Path of the next cursor in the response body. */
    cursor_path_in_response: string;
}

/** The response holds the address of the next page. */
export interface LinkPagination extends PaginationBase {
    type: 'link';
    /** The relation in the `Link` header, e.g. `next`. */
    link_rel_in_response_header?: string;
    /** Path of the link in the response body. */
    link_path_in_response_body?: string;
}

/** The request counts items or pages. */
export interface OffsetPagination extends PaginationBase {
    type: 'offset';
    /** Parameter for the offset; dots reach into a body. */
    offset_name_in_request: string;
    /** 0 when left out. */
    offset_start_value?: number;
    /** `by-response-size` (items, the default) or `per-page` (pages). */
    offset_calculation_method?: 'by-response-size' | 'per-page';
}

/** How a list is paged. What is left out is the provider's default. */
export type Pagination =
    | Partial<Omit<CursorPagination, 'type'>>
    | CursorPagination
    | LinkPagination
    | OffsetPagination;

/** A request for a list, page by page. */
export interface PaginateConfiguration extends ProxyConfiguration {
    paginate?: Pagination;
}

/** A request to any address, without credentials. */
export interface UncontrolledRequest {
    /** `new URL('https://…')`, or its text. */
    url: string | { readonly href: string };
    /** `GET` when left out. */
    method?: string;
    headers?: Record<string, string>;
    body?: string | null;
}

/** The answer to `uncontrolledFetch`: a `Response` as `fetch` gives it. */
export interface FetchResponse {
    readonly ok: boolean;
    readonly status: number;
    readonly statusText: string;
    readonly url: string;
    readonly redirected: boolean;
    readonly headers: {
        get(name: string): string | null;
        has(name: string): boolean;
        forEach(callback: (value: string, name: string) => void): void;
    };
    text(): Promise<string>;
    json(): Promise<any>;
    arrayBuffer(): Promise<ArrayBuffer>;
}
