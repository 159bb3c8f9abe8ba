import type { Effect } from '../../../api/configuration';
import type { Change } from '../../../configuration/document';

const strength: Record<Effect, number> = { none: 0, run: 1, resync: 2 };

/** What a change should do to the data: what `config.ts` says of its paths, the strongest; else that the syncs run. */
export function suggested(changed: readonly Change[], rules: Record<string, Effect>, hasSyncs: boolean): Effect | undefined {
  if (!hasSyncs) return 'none';
  if (Object.keys(rules).length === 0) return 'run';
  const found = changed.map(({ path }) => nearest(path, rules));
  return found.reduce<Effect>((strongest, one) => (strength[one] > strength[strongest] ? one : strongest), 'none');
}

function nearest(path: readonly string[], rules: Record<string, Effect>): Effect {
  for (let length = path.length; length > 0; length -= 1) {
    const rule = rules[path.slice(0, length).join('.')];
    if (rule) return rule;
  }
  return 'none';
}
