// How much went on in an environment, and what needs somebody.
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from './call';
import type { ListedConnection } from './connections';
import type { Run } from './runs';

export const periods = ['24h', '7d', '30d'] as const;
export type Period = (typeof periods)[number];

const days: Record<Period, number> = { '24h': 1, '7d': 7, '30d': 30 };

export interface Figures {
  runs: number;
  failures: number;
  records_changed: number;
  proxy_calls: number;
}

/** `GET /activity`. The points of `series` are an hour each, of 30 days a day each. */
export interface Activity {
  figures: Figures;
  series: (Figures & { at: string })[];
  integrations: (Figures & { provider_config_key: string })[];
  slowest: { provider_config_key: string; function: string; runs: number; failures: number; mean_ms: number; longest_ms: number }[];
}

/** How much went on in the period, of all integrations or of one. */
export const activityQuery = (environment: string, period: Period, integration?: string) =>
  queryOptions({
    queryKey: [environment, 'activity', period, integration],
    queryFn: async ({ signal }) =>
      (await call<{ data: Activity }>('GET', '/activity', { environment, query: { period, provider_config_key: integration }, signal })).data,
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });

/** The connections that something is the matter with, the worst first, and how many there are in all. */
export const attentionQuery = (environment: string, integration?: string) =>
  queryOptions({
    queryKey: [environment, 'connections', 'attention', integration],
    queryFn: async ({ signal }) => {
      const query = { sort: 'status', limit: 50, integration };
      const page = await call<{ data: ListedConnection[]; total: number; matched: number }>('GET', '/fleet/connections', { environment, query, signal });
      return { troubled: page.data.filter(({ status }) => status !== 'ok'), total: integration ? page.matched : page.total };
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });

/** The newest runs of the period, of one state or of any. */
export const newestRunsQuery = (environment: string, { period, integration, status }: { period: Period; integration?: string; status?: string }) =>
  queryOptions({
    queryKey: ['runs', environment, 'newest', period, integration, status],
    queryFn: async ({ signal }) => {
      const from = new Date(Date.now() - days[period] * 86_400_000).toISOString();
      const query = { status, provider_config_key: integration, from, limit: 10 };
      return (await call<{ runs: Run[] }>('GET', '/runs', { environment, query, signal })).runs;
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
