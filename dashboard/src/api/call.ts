// The one place that talks to the server.

/** One thing that is wrong with what was sent, as the server tells it. */
export interface Issue {
  code: string;
  message: string;
  path?: (string | number)[] | string;
}

/** An answer of the server that is no success, or none at all (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** What is wrong, field by field, where the server says so. */
    readonly issues: Issue[] = [],
    /** The whole `error` object. */
    readonly detail: Record<string, unknown> = {},
    readonly requestId?: string,
    /** Seconds after which to try again. */
    readonly retryAfter?: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export interface Call {
  /** The environment to act in; it becomes a header. Calls about the session itself have none. */
  environment?: string;
  query?: Record<string, string | number | boolean | undefined | null>;
  body?: unknown;
  /** A body that is JSON already, sent as it was written: what a person typed keeps its order and its numbers. */
  json?: string;
  headers?: Record<string, string | undefined>;
  signal?: AbortSignal;
}

/** Called when the session has ended, so that the shell can ask to sign in again. */
let signedOut: () => void = () => {};
export function onSignedOut(listener: () => void) {
  signedOut = listener;
}

/** `path` with its variables put in, each encoded: address('/connections/{id}', { id }). */
export function address(path: string, variables: Record<string, string | number>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(variables[name])));
}

/** Sends a request as the signed-in user and gives the answer's response. Throws an ApiError. */
export async function send(method: string, path: string, call: Call = {}): Promise<Response> {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value));
  }
  const headers = new Headers();
  if (call.environment) headers.set('bespoke-environment', call.environment);
  const body = call.json ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
  if (body !== undefined) headers.set('content-type', 'application/json');
  for (const [name, value] of Object.entries(call.headers ?? {})) if (value !== undefined) headers.set(name, value);
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      body,
      signal: call.signal,
      credentials: 'same-origin',
    });
  } catch (cause) {
    if (call.signal?.aborted) throw cause;
    throw new ApiError(0, 'unreachable', 'The server does not answer. Check the network and try again.');
  }
  if (response.ok) return response;
  throw await failure(response);
}

async function failure(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as { error?: Record<string, unknown> | string };
  const error = typeof body.error === 'object' && body.error ? body.error : {};
  const code = String(error.code ?? (typeof body.error === 'string' ? body.error : 'unknown'));
  if (code === 'not_signed_in') signedOut();
  const message = String(error.message ?? `The server answered ${response.status}.`);
  const wait = Number(response.headers.get('retry-after'));
  return new ApiError(
    response.status,
    code,
    message,
    Array.isArray(error.errors) ? (error.errors as Issue[]) : [],
    error,
    response.headers.get('x-request-id') ?? undefined,
    Number.isFinite(wait) && wait > 0 ? wait : undefined,
  );
}

/** Sends a request as the signed-in user and gives the JSON of the answer, `undefined` where it has no body. */
export async function call<T>(method: string, path: string, options: Call = {}): Promise<T> {
  const response = await send(method, path, options);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}
