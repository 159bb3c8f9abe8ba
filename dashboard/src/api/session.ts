import { queryOptions } from '@tanstack/react-query';
import { call } from './call';

export type Role = 'viewer' | 'support' | 'developer' | 'admin';

/** Who is signed in, and what they may do where. */
export interface Session {
  user: { id: string; email: string; name: string };
  environments: { name: string; role: Role; scopes: string[] }[];
  expires_at: string;
}

/** How one may sign in here. */
export interface SessionOptions {
  setup: boolean;
  password: boolean;
  oidc: { label: string } | null;
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => call<Session>('GET', '/session', { signal }),
  staleTime: 60_000,
  retry: false,
});

export const sessionOptionsQuery = queryOptions({
  queryKey: ['session', 'options'],
  queryFn: ({ signal }) => call<SessionOptions>('GET', '/session/options', { signal }),
});

/** Whether `granted` covers `scope`: the same, or `prefix:*`. */
export function covers(granted: readonly string[], scope: string): boolean {
  return granted.some((one) => one === scope || (one.endsWith(':*') && scope.startsWith(one.slice(0, -1))));
}
