import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ErrorState, Loading } from '../../ui/States';

/** What was loaded, or that it loads, or why it did not. */
export function Remote<T>({ query, what, children }: { query: UseQueryResult<T>; what: string; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <ErrorState title={`The ${what} did not load`} error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading what={`the ${what}`} />;
}
