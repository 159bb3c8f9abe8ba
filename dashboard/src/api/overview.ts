import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from './call';

export const periods = ['24h', '7d', '30d'] as const;
export type Period = (typeof periods)[number];

export interface Attention {
  kind: 'auth_error' | 'sync_error' | 'invalid' | 'outdated';
  provider_config_key: string;
  connection_id: string;
  name: string | null;
  message: string | null;
  at: string | null;
}

export interface Figures {
  runs: number;
  failures: number;
  records_changed: number;
  proxy_calls: number;
}

export interface Overview {
  attention: Attention[];
  figures: Figures;
  series: (Figures & { at: string })[];
  integrations: { provider_config_key: string; runs: number; failures: number }[];
  slowest: { provider_config_key: string; function: string; p50_ms: number; max_ms: number; runs: number }[];
}

export const overviewQuery = (environment: string, period: Period) =>
  queryOptions({
    queryKey: [environment, 'overview', period],
    queryFn: ({ signal }) => call<Overview>('GET', '/overview', { environment, query: { period }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
