// What a function would do with another configuration, told while it is found out.
import { ApiError } from '../api/call';
import type { JsonObject } from './document';

/** A record that would differ. */
export interface PreviewRecord {
  model: string;
  id: string;
  change: 'added' | 'changed' | 'removed';
  before: JsonObject | null;
  after: JsonObject | null;
}

export interface PreviewReport {
  succeeded: boolean;
  error: { message?: string; code?: string } | null;
  counts: { added: number; changed: number; removed: number; unchanged: number };
  records: PreviewRecord[];
  records_left_out: number;
  calls?: unknown[];
  blocked_calls?: { method: string; url: string }[];
  duration_ms: number;
}

/** Where a preview is. */
export type PreviewState =
  | { stage: 'running'; read: number }
  | { stage: 'done'; report: PreviewReport }
  | { stage: 'failed'; message: string };

/** Follows the stream of a preview; resolves to its report. */
export async function follow(response: Response, onRead: (records: number) => void): Promise<PreviewReport> {
  let read = 0;
  for await (const { event, data } of events(response.body!)) {
    if (event === 'batch') {
      const { counts } = JSON.parse(data) as { counts: Record<string, number> };
      read += Object.values(counts).reduce((sum, one) => sum + one, 0);
      onRead(read);
    } else if (event === 'result') {
      return JSON.parse(data) as PreviewReport;
    } else if (event === 'error') {
      const { error } = JSON.parse(data) as { error?: { code?: string; message?: string } };
      throw new ApiError(500, error?.code ?? 'unknown', error?.message ?? 'The preview failed.');
    }
  }
  throw new ApiError(0, 'unreachable', 'The connection to the server broke off.');
}

/** Server-sent events of a body. */
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<{ event: string; data: string }> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = done ? '' : blocks.pop()!;
    for (const block of blocks) {
      const field = (name: string) => block.split(/\r?\n/).filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart()).join('\n');
      if (field('data')) yield { event: field('event') || 'message', data: field('data') };
    }
    if (done) return;
  }
}
