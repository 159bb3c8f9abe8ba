import { useSyncExternalStore } from 'react';

/** `system` follows the system, also while the page is open. */
export type Theme = 'light' | 'dark' | 'system';

// The same name as in public/theme.js, which is before the first paint.
const key = 'bespoke.theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

function chosen(): Theme {
  const stored = localStorage.getItem(key);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

function apply() {
  const theme = chosen();
  document.documentElement.dataset.theme = theme === 'system' ? (system.matches ? 'dark' : 'light') : theme;
  listeners.forEach((listener) => listener());
}
system.addEventListener('change', apply);

export function setTheme(theme: Theme) {
  if (theme === 'system') localStorage.removeItem(key);
  else localStorage.setItem(key, theme);
  apply();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** What was chosen. */
export const useTheme = () => useSyncExternalStore(subscribe, chosen);

/** What is shown. */
export const useShownTheme = () => useSyncExternalStore(subscribe, () => (document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light'));
