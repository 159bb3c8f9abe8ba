/** How the tab is looked at: in the address, so that it can be sent to somebody. */
export interface ConfigurationSearch {
  view?: 'form' | 'both' | 'json';
  side?: 'history';
  /** Two revisions, older first: `11..14`. */
  compare?: string;
  /** The value to go to: `fieldMapping.stage`. */
  at?: string;
}

/** Reads what an address says; what makes no sense is left out. */
export function readConfigurationSearch(raw: Record<string, unknown>): ConfigurationSearch {
  const search: ConfigurationSearch = {};
  if (raw.view === 'form' || raw.view === 'both' || raw.view === 'json') search.view = raw.view;
  if (raw.side === 'history') search.side = 'history';
  if (typeof raw.compare === 'string' && /^\d+\.\.\d+$/.test(raw.compare)) search.compare = raw.compare;
  if (typeof raw.at === 'string' && raw.at !== '') search.at = raw.at;
  return search;
}
