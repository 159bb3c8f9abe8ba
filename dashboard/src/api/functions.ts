import { queryOptions } from '@tanstack/react-query';
import { address, call } from './call';
import type { Schemas } from './types';

export type DeployedFunction = Omit<Schemas['FunctionBody'], 'json_schema'> & {
  json_schema?: { definitions?: Record<string, Record<string, unknown>> } | null;
};

/** All functions of an integration: there are few, so every page is asked for at once. */
export const functionsQuery = (environment: string, key: string) =>
  queryOptions({
    queryKey: ['functions', environment, key],
    queryFn: async ({ signal }) => {
      const all: DeployedFunction[] = [];
      for (let page = 0; ; page += 1) {
        const answer = await call<{ data: DeployedFunction[]; pagination: { total: number } }>(
          'GET',
          address('/integrations/{key}/functions', { key }),
          { environment, signal, query: { page, limit: 100 } },
        );
        all.push(...answer.data);
        if (answer.data.length === 0 || all.length >= answer.pagination.total) return all;
      }
    },
  });

/** The TypeScript of a function, of the version that counts now or of an earlier one. */
export const codeQuery = (environment: string, key: string, name: string, type: string, versionId?: number) =>
  queryOptions({
    queryKey: ['functions', environment, key, 'code', type, name, versionId],
    queryFn: async ({ signal }) => {
      const path = address('/integrations/{key}/functions/{name}/code', { key, name });
      return (await call<{ code: string }>('GET', path, { environment, signal, query: { type, version_id: versionId } })).code;
    },
    staleTime: 60_000,
  });

export interface FunctionVersion {
  id: number;
  version: string;
  deployed_at: string;
  is_current: boolean;
}

/** What was deployed of a function, the newest first. */
export const versionsQuery = (environment: string, key: string, { name, type }: DeployedFunction) =>
  queryOptions({
    queryKey: ['functions', environment, key, 'versions', type, name],
    queryFn: async ({ signal }) => {
      const path = address('/integrations/{key}/functions/{name}/versions', { key, name });
      return (await call<{ data: FunctionVersion[] }>('GET', path, { environment, signal, query: { type } })).data;
    },
  });

export const setEnabled = (environment: string, key: string, { name, type }: DeployedFunction, enabled: boolean) =>
  call('PATCH', address('/integrations/{key}/functions/{name}', { key, name }), { environment, query: { type }, body: { enabled } });

/** Runs an action for real. Gives what it answers. */
export const runAction = (environment: string, of: { integration: string; customer: string; name: string; input: unknown }) =>
  call<unknown>('POST', '/action/trigger', {
    environment,
    headers: { 'provider-config-key': of.integration, 'connection-id': of.customer },
    body: { action_name: of.name, input: of.input },
  });

/** Runs a sync for real, soon. */
export const runSync = (environment: string, of: { integration: string; customer: string; name: string }) =>
  call('POST', '/sync/trigger', {
    environment,
    body: { syncs: [of.name], provider_config_key: of.integration, connection_id: of.customer },
  });

/** The schema of what a function takes, whole by itself; undefined where it takes nothing, empty where none is known. */
export function inputSchema(one: DeployedFunction): Record<string, unknown> | undefined {
  if (one.type !== 'action' || !one.input) return undefined;
  const named = one.json_schema?.definitions?.[one.input];
  if (!named) return {};
  if (named.type === 'null') return undefined;
  return { ...named, definitions: one.json_schema?.definitions };
}

/** A value that shows the shape that `schema` asks for: defaults, first choices, empty texts. */
export function skeleton(schema: Record<string, unknown> | undefined, root = schema, depth = 0): unknown {
  if (!schema || depth > 6) return null;
  if ('default' in schema) return schema.default;
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if (typeof schema.$ref === 'string') {
    const definitions = root?.definitions as Record<string, Record<string, unknown>> | undefined;
    return skeleton(definitions?.[schema.$ref.split('/').pop()!], root, depth + 1);
  }
  const choices = (schema.anyOf ?? schema.oneOf) as Record<string, unknown>[] | undefined;
  if (choices) return skeleton(choices[0], root, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object' || schema.properties) {
    const properties = Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>);
    return Object.fromEntries(properties.map(([name, one]) => [name, skeleton(one, root, depth + 1)]));
  }
  return { array: [], string: '', number: 0, integer: 0, boolean: false }[type as string] ?? null;
}
