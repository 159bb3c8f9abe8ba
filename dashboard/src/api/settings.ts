// What the pages of Settings read.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { call } from './call';
import type { Role } from './session';
import type { Schemas } from './types';

export interface Key {
  id: number;
  display_name: string;
  scopes: string[];
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
}

export interface Member {
  id: string;
  email: string;
  name: string;
  role: Role;
  roles: Record<string, Role>;
  last_seen_at: string | null;
  pending: boolean;
  invite_expires_at?: string;
}

export interface OwnSession {
  id: string;
  created_at: string;
  last_used_at: string;
  user_agent: string;
  ip: string;
  current: boolean;
}

export interface Delivery {
  id: string | number;
  kind: string;
  url: string;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  response_status: number | null;
  error: string | null;
  created_at: string;
  delivered_at: string | null;
  next_attempt_at: string | null;
  connection_id?: string | null;
  provider_config_key?: string | null;
  body?: unknown;
  response_body?: string | null;
}

const list = <T>(environment: string, name: string, path: string) =>
  queryOptions({
    queryKey: [environment, name],
    queryFn: async ({ signal }) => (await call<{ data: T[] }>('GET', path, { environment, signal })).data,
  });

export const keysQuery = (environment: string) => list<Key>(environment, 'keys', '/keys');
export const membersQuery = (environment: string) => list<Member>(environment, 'members', '/members');

export const variablesQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, 'variables'],
    queryFn: ({ signal }) => call<Schemas['EnvironmentVariable'][]>('GET', '/environment-variables', { environment, signal }),
  });

export const webhooksQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, 'webhooks'],
    queryFn: async ({ signal }) => (await call<{ data: Schemas['WebhookSettings'] }>('GET', '/environment/webhooks', { environment, signal })).data,
  });

export const configureQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, 'configure'],
    queryFn: ({ signal }) => call<{ allowed_origins: string[] }>('GET', '/environment/configure', { environment, signal }),
  });

export const retentionQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, 'retention'],
    queryFn: ({ signal }) => call<Record<string, unknown>>('GET', '/retention', { environment, signal }),
  });

export const sessionsQuery = queryOptions({
  queryKey: ['session', 'list'],
  queryFn: async ({ signal }) => (await call<{ data: OwnSession[] }>('GET', '/session/list', { signal })).data,
});

export const deliveriesQuery = (environment: string) =>
  infiniteQueryOptions({
    queryKey: [environment, 'deliveries'],
    queryFn: ({ signal, pageParam }) =>
      call<{ data: Delivery[]; next_cursor: string | null }>('GET', '/environment/webhooks/deliveries', {
        environment,
        query: { limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: 15_000,
  });
