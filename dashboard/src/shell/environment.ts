import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { covers, sessionQuery } from '../api/session';

/** The environment that the address names. */
export function useEnvironment(): string {
  return useParams({ strict: false, select: (params: { env?: string }) => params.env }) ?? '';
}

/** Whether the signed-in user may do what `scope` names in the environment of the page. */
export function useCan(): (scope: string) => boolean {
  const { data } = useQuery(sessionQuery);
  const name = useEnvironment();
  const granted = data?.environments.find((one) => one.name === name)?.scopes ?? [];
  return (scope) => covers(granted, scope);
}
