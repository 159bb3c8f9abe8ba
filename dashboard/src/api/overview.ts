import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ApiError, call } from './call';
import type { ListedConnection } from './connections';
import type { Run } from './runs';

export const periods = ['24h', '7d', '30d'] as const;
export type Period = (typeof periods)[number];

export interface Figures {
  runs: number;
  failures: number;
  records_changed: number;
  proxy_calls: number;
}

export interface Overview {
  figures: Figures;
  series: (Figures & { at: string })[];
  integrations: { provider_config_key: string; runs: number; failures: number }[];
  slowest: { provider_config_key: string; function: string; p50_ms: number; max_ms: number; runs: number }[];
}

const days: Record<Period, number> = { '24h': 1, '7d': 7, '30d': 30 };

/** How much went on. `null` where the server does not count it. */
export const overviewQuery = (environment: string, period: Period) =>
  queryOptions({
    queryKey: [environment, 'overview', period],
    queryFn: async ({ signal }) => {
      try {
        return await call<Overview>('GET', '/overview', { environment, query: { period }, signal });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });

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
