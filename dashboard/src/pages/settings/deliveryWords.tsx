import type { Delivery, DeliveryState } from '../../api/deliveries';
import { Status } from '../../ui/Badge';

export const stateWords: Record<DeliveryState, string> = { pending: 'On its way', delivered: 'Delivered', failed: 'Failed' };
const icons = { pending: 'running', delivered: 'ok', failed: 'bad' } as const;

/** How a delivery stands. */
export function DeliveryStatus({ state }: { state: DeliveryState }) {
  return <Status state={icons[state]}>{stateWords[state]}</Status>;
}

const kinds: Record<string, string> = {
  auth: 'Authorization',
  sync: 'Sync',
  async_action: 'Async action',
  metadata: 'Configuration changed',
  forward: 'Forwarded from the provider',
};

/** What a webhook tells of. */
export const kindWords = (kind: string) => kinds[kind] ?? kind;

/** What came back, in few words: "answered 204 at the 2nd try". */
export function answerWords({ state, attempts, response_status, error }: Delivery): string {
  const tries = attempts > 1 ? `, ${attempts} tries` : '';
  if (response_status !== null) return `answered ${response_status}${tries}`;
  if (error !== null) return `no answer${tries}`;
  return state === 'pending' && attempts === 0 ? 'not tried yet' : '';
}
