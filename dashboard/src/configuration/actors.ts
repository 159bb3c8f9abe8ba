import type { Revision } from '../api/configuration';

/** Who wrote a revision, in words. */
export function actorWords({ actor, source }: Revision): string {
  if (actor.type === 'function') return actor.name ?? 'a function';
  if (actor.type === 'system') return source === 'migration' ? 'Migration to a new schema' : 'Bespoke';
  if (actor.type === 'end_customer') return actor.name ? `${actor.name} (customer)` : 'The customer';
  return actor.name ?? actor.email ?? (actor.type === 'api_key' ? 'API key' : actor.type);
}
