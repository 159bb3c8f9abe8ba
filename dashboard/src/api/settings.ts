// What the pages of Settings read.
import { queryOptions } from '@tanstack/react-query';
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

/** Days that the server keeps what it wrote down. */
export interface Retention {
  runs_days: number;
  logs_days: number;
  deliveries_days: number;
  activity_days: number;
}

export const retentionQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, 'retention'],
    queryFn: async ({ signal }) => (await call<{ data: Retention }>('GET', '/environment/retention', { environment, signal })).data,
  });

export const sessionsQuery = queryOptions({
  queryKey: ['session', 'list'],
  queryFn: async ({ signal }) => (await call<{ data: OwnSession[] }>('GET', '/session/list', { signal })).data,
});
