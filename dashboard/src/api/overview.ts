import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from './call';
import type { ListedConnection } from './connections';
import type { Run } from './runs';

export const periods = ['24h', '7d', '30d'] as const;
export type Period = (typeof periods)[number];

const days: Record<Period, number> = { '24h': 1, '7d': 7, '30d': 30 };

/** The connections that something is the matter with, the worst first, and how many there are in all. */
export const attentionQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, 'connections', 'attention'],
    queryFn: async ({ signal }) => {
      const query = { sort: 'status', limit: 50 };
      const page = await call<{ data: ListedConnection[]; total: number }>('GET', '/fleet/connections', { environment, query, signal });
      return { troubled: page.data.filter(({ status }) => status !== 'ok'), total: page.total };
    },
    refetchInterval: 60_000,
  });

/** The newest runs of the period, of one state or of any. */
export const newestRunsQuery = (environment: string, period: Period, status?: string) =>
  queryOptions({
    queryKey: ['runs', environment, 'newest', period, status],
    queryFn: async ({ signal }) => {
      const from = new Date(Date.now() - days[period] * 86_400_000).toISOString();
      return (await call<{ runs: Run[] }>('GET', '/runs', { environment, query: { status, from, limit: 10 }, signal })).runs;
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
