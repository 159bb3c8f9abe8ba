/** What a key may do, ready-made for the usual cases. */
export const presets = {
  everything: { label: 'Everything', hint: 'For your own backend and the CLI. Not members and keys.', scopes: ['environment:*'] },
  reading: { label: 'Reading', hint: 'Connections, records, logs; no credentials.', match: (scope: string) => /:(list|read|list_functions)$/.test(scope) && !/^(keys|members|environment:(variables|webhooks))/.test(scope) },
  deploying: { label: 'Deploying', hint: 'For continuous integration.', scopes: ['environment:deploy', 'environment:functions:list', 'environment:functions:read', 'environment:integrations:list_functions', 'environment:connections:list'] },
  chosen: { label: 'Chosen one by one', hint: 'Tick what it may do.' },
} as const;

export type Preset = keyof typeof presets;

/** The scopes of `preset` out of those that one has oneself. */
export function scopesOf(preset: Preset, own: readonly string[], chosen: readonly string[]): string[] {
  if (preset === 'chosen') return [...chosen];
  const one = presets[preset];
  return 'match' in one ? own.filter(one.match) : [...one.scopes];
}

/** Scopes in groups by what they are about: `environment:connections:read` is about connections. */
export function grouped(scopes: readonly string[]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const scope of scopes) {
    const parts = scope.replace(/^environment:/, '').split(':');
    const about = parts.length > 1 ? (parts[0] ?? scope) : 'other';
    groups.set(about, [...(groups.get(about) ?? []), scope]);
  }
  return [...groups].sort(([one], [other]) => Number(one === 'other') - Number(other === 'other') || one.localeCompare(other));
}

/** A key's scopes in few words. */
export function scopeWords(scopes: readonly string[]): string {
  if (scopes.includes('environment:*')) return scopes.length === 1 ? 'Everything' : `Everything, and ${scopes.filter((one) => one !== 'environment:*').join(', ')}`;
  return scopes.length <= 3 ? scopes.map((scope) => scope.replace(/^environment:/, '')).join(', ') : `${scopes.length} permissions`;
}
