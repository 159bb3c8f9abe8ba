// What the page may ask the server: only what its session's token opens.
import { ApiError } from '../api/call';
import type { JsonObject } from '../configuration/document';
import type { Options } from '../configuration/options';
import type { ServerProblem } from '../configuration/problems';
import { t } from '../i18n';

/** `GET /configure/session`. */
export interface ConfigureSession {
  integration: { display_name: string; provider: string };
  customer: { name: string };
  locale: string | null;
  theme: string | Record<string, string> | null;
  allow: string[];
  expires_at: string;
  schema: object | null;
  ui: Record<string, unknown> | null;
  values: JsonObject;
  inherited: JsonObject;
  revision: number;
  problems: ServerProblem[];
  preview: { functions: string[] } | null;
  product_name: string | null;
}

export interface Saved {
  revision: number;
  values: JsonObject;
  problems: ServerProblem[];
}

export class ConfigureApi {
  constructor(private readonly token: string) {}

  session = () => this.json<ConfigureSession>('GET', '/configure/session');
  options = (path: string) => this.json<Options>('GET', `/configure/options?path=${encodeURIComponent(path)}`);

  preview = (changes: JsonObject, signal: AbortSignal) =>
    this.send('POST', '/configure/preview', { body: { changes }, signal, headers: { accept: 'text/event-stream' } });

  save = (changes: JsonObject, revision: number) =>
    this.json<Saved>('PATCH', '/configure/metadata', {
      body: changes,
      headers: { 'content-type': 'application/merge-patch+json', 'if-match': `"${revision}"` },
    });

  private async json<T>(method: string, path: string, options?: Parameters<ConfigureApi['send']>[2]): Promise<T> {
    return (await (await this.send(method, path, options)).json()) as T;
  }

  private async send(method: string, path: string, options: { body?: unknown; signal?: AbortSignal; headers?: Record<string, string> } = {}) {
    let response: Response;
    try {
      response = await fetch(path, {
        method,
        signal: options.signal,
        headers: {
          authorization: `Bearer ${this.token}`,
          ...(options.body !== undefined && { 'content-type': 'application/json' }),
          ...options.headers,
        },
        body: options.body === undefined ? undefined : JSON.stringify(options.body),
        credentials: 'omit',
      });
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      throw new ApiError(0, 'unreachable', t('page.offline'));
    }
    if (response.ok) return response;
    const { error } = (await response.json().catch(() => ({}))) as { error?: Record<string, unknown> };
    throw new ApiError(response.status, String(error?.code ?? 'unknown'), String(error?.message ?? response.status), [], error ?? {});
  }
}
