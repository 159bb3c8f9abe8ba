// The customer's own fields, asked for live and kept while the page is open.
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';

/** A field that a mapping may name. */
export interface Option {
  value: string;
  label: string;
  type?: string;
  /** The customer made it; the provider does not have it for everyone. */
  custom?: boolean;
  samples?: string[];
  /** How many records have a value there, 0 to 1. */
  filled?: number;
}

/** What was loaded, and when. */
export interface Options {
  data: Option[];
  loaded_at: string;
}

export interface Loaded {
  options?: Options;
  loading: boolean;
  error?: Error;
}

/** Asks once for each path, and again when told to. What is there stays while it asks. */
export class OptionsStore {
  private readonly states = new Map<string, Loaded>();
  private readonly listeners = new Set<() => void>();

  constructor(private readonly ask: (path: string) => Promise<Options>) {}

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  at(path: string): Loaded | undefined {
    return this.states.get(path);
  }

  async load(path: string, again = false) {
    const old = this.states.get(path);
    if (old?.loading || (old?.options && !again)) return;
    this.put(path, { options: old?.options, loading: true });
    try {
      this.put(path, { options: await this.ask(path), loading: false });
    } catch (error) {
      this.put(path, { options: old?.options, loading: false, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }

  private put(path: string, state: Loaded) {
    this.states.set(path, state);
    for (const listener of this.listeners) listener();
  }
}

const never = () => () => {};

/** The choices for `path`; asked for when they are first shown, unless the reader may not `ask`. */
export function useOptions(store: OptionsStore | undefined, path: string | undefined, ask = true): Loaded & { reload: () => void } {
  const state = useSyncExternalStore(store?.subscribe ?? never, () => (path === undefined ? undefined : store?.at(path)));
  useEffect(() => {
    if (path !== undefined && ask) void store?.load(path);
  }, [store, path, ask]);
  const reload = useCallback(() => {
    if (path !== undefined) void store?.load(path, true);
  }, [store, path]);
  return { ...(state ?? { loading: store !== undefined && path !== undefined && ask }), reload };
}

const kinds: Record<string, string[]> = {
  text: ['text', 'string', 'textarea', 'varchar', 'id', 'reference', 'html'],
  number: ['number', 'integer', 'int', 'double', 'float', 'decimal', 'currency', 'percent'],
  choice: ['choice', 'enumeration', 'enum', 'select', 'radio', 'picklist', 'multipicklist', 'checkbox'],
  date: ['date', 'datetime', 'date-time', 'timestamp', 'time'],
  switch: ['boolean', 'bool', 'booleancheckbox'],
  'e-mail': ['email', 'e-mail'],
};

/** A type of whatever system in one of a few words, so that ours and theirs compare. */
export function kind(type: string | undefined): string | undefined {
  if (!type) return undefined;
  const found = Object.entries(kinds).find(([, names]) => names.includes(type.toLowerCase()));
  return found ? found[0] : type;
}

/** The same kind first, otherwise the order of the system. */
export function ordered(options: readonly Option[], type: string | undefined): Option[] {
  const wanted = kind(type);
  if (!wanted) return [...options];
  return [...options].sort((one, other) => Number(kind(other.type) === wanted) - Number(kind(one.type) === wanted));
}

/** Whether a search finds it: by label, key or sample value. */
export function finds(option: Option, query: string): boolean {
  const text = [option.label, option.value, ...(option.samples ?? [])].join('\n').toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** The words of how long ago, renewed now and then. */
export function useAgo(at: string | undefined, language: string): string {
  const [, renew] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => renew((count) => count + 1), 15_000);
    return () => clearInterval(timer);
  }, []);
  if (!at) return '';
  const seconds = Math.min(0, Math.round((Date.parse(at) - Date.now()) / 1000));
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  if (seconds > -60) return words.format(seconds, 'second');
  return seconds > -3600 ? words.format(Math.round(seconds / 60), 'minute') : words.format(Math.round(seconds / 3600), 'hour');
}
