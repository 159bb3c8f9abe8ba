// What was sent to the backend, and what it answered.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { address, call } from './call';

export const deliveryStates = ['pending', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export interface Delivery {
  id: number;
  kind: string;
  url: string;
  state: DeliveryState;
  attempts: number;
  response_status: number | null;
  error: string | null;
  created_at: string;
  finished_at: string | null;
  next_attempt_at: string | null;
  connection_id: string | null;
  provider_config_key: string | null;
}

export interface DeliveryDetail extends Delivery {
  body: unknown;
  /** The first 4 kB of the answer. */
  response_body: string | null;
}

const path = '/environment/webhooks/deliveries';
const key = (environment: string, ...rest: unknown[]) => [environment, 'deliveries', ...rest];

/** Everything that is kept of deliveries. */
export const deliveriesKey = key;

/** The newest first, page by page. */
export const deliveriesQuery = (environment: string, state?: DeliveryState) =>
  infiniteQueryOptions({
    queryKey: key(environment, 'list', state),
    queryFn: ({ signal, pageParam }) =>
      call<{ data: Delivery[]; next_cursor: string | null }>('GET', path, { environment, query: { limit: 50, state, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });

/** One with what was sent and answered; asked for again while it is on its way. */
export const deliveryQuery = (environment: string, id: number) =>
  queryOptions({
    queryKey: key(environment, 'one', id),
    queryFn: async ({ signal }) => (await call<{ data: DeliveryDetail }>('GET', address(`${path}/{id}`, { id }), { environment, signal })).data,
    refetchInterval: ({ state }) => (state.data?.state === 'pending' ? 1500 : false),
  });

/** Sends it again, with the same body. */
export const replayDelivery = (environment: string, id: number) => call('POST', address(`${path}/{id}/replay`, { id }), { environment });
