// The metadata of a connection as text: what a person wrote is shown and sent as it was written.
import { queryOptions } from '@tanstack/react-query';
import { applyEdits, findNodeAtLocation, format, parseTree } from 'jsonc-parser';
import type { At } from './connections';
import { address, call, send } from './call';

/** Something the schema says of the metadata. */
export interface MetadataProblem {
  level: 'warn' | 'error';
  /** JSON pointer. */
  path: string;
  code: string;
  message: string;
}

export interface Metadata {
  /** The document; `{}` where there is none. */
  text: string;
  revision: number;
  problems: MetadataProblem[];
  /** Which layer each leaf of the effective document comes from, by JSON pointer. */
  layers: Record<string, string>;
}

export interface Revision {
  revision: number;
  created_at: string;
  source: string;
  actor: { type: string; id?: number | string; name?: string };
  reason: string | null;
}

const path = '/connections/{connection}/metadata';
const place = (at: At) => ({ environment: at.env, query: { provider_config_key: at.integration } });

export const metadataQuery = (at: At) =>
  queryOptions({
    queryKey: [at.env, 'connections', 'metadata', at.integration, at.connection],
    queryFn: async ({ signal }): Promise<Metadata> => {
      const query = { ...place(at).query, explain: true };
      const response = await send('GET', address(path, { ...at }), { environment: at.env, query, signal });
      return read(await response.text());
    },
  });

/** Replaces the metadata where `revision` is still the newest one. 412 `metadata_conflict` where it is not. */
export async function replaceMetadata(at: At, text: string, revision: number): Promise<Metadata> {
  const headers = { 'if-match': `"${revision}"` };
  const response = await send('PUT', address(path, { ...at }), { ...place(at), json: text, headers });
  return read(await response.text());
}

function read(answer: string): Metadata {
  const body = JSON.parse(answer) as Partial<Metadata> & { revision: number };
  const root = parseTree(answer);
  const node = root && findNodeAtLocation(root, ['metadata']);
  const written = node?.type === 'object' ? answer.slice(node.offset, node.offset + node.length) : '{}';
  return { text: spread(written), revision: body.revision, problems: body.problems ?? [], layers: body.layers ?? {} };
}

/** A document of one line is hard to read: it gets lines. One with lines stays as it is. */
function spread(text: string): string {
  if (text.includes('\n')) return text;
  return applyEdits(text, format(text, undefined, { insertSpaces: true, tabSize: 2 }));
}

/** The newest revision, to tell who was faster. */
export async function newestRevision(at: At): Promise<Revision | undefined> {
  const query = { ...place(at).query, limit: 1 };
  const page = await call<{ revisions: Revision[] }>('GET', `${address(path, { ...at })}/revisions`, { environment: at.env, query });
  return page.revisions[0];
}
