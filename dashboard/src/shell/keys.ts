import { useEffect, useRef, useSyncExternalStore, type RefObject } from 'react';

/** What a key does, for the list that `?` shows. */
export interface Shortcut {
  /** "g c", "/", "mod+s", "Escape". A single letter counts only outside of text fields, and can be switched off. */
  keys: string;
  what: string;
  run: (event: KeyboardEvent) => void;
}

const off = 'bespoke.keys';
let registered: readonly Shortcut[] = [];
const listeners = new Set<() => void>();
const tell = () => listeners.forEach((listener) => listener());
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Whether single letters do something (WCAG 2.1.4: they can be switched off). */
export const useLetters = () => useSyncExternalStore(subscribe, letters);
const letters = () => localStorage.getItem(off) !== 'off';

export function setLetters(on: boolean) {
  if (on) localStorage.removeItem(off);
  else localStorage.setItem(off, 'off');
  tell();
}

/** The keys that do something on this page. */
export const useShortcutList = () => useSyncExternalStore(subscribe, () => registered);

/** Makes keys do something while the component is shown. */
export function useShortcuts(shortcuts: readonly Shortcut[]) {
  const current = useRef(shortcuts);
  current.current = shortcuts;
  const names = shortcuts.map(({ keys }) => keys).join(',');
  useEffect(() => {
    const mine = current.current.map((one, index) => ({ ...one, run: (event: KeyboardEvent) => current.current[index]?.run(event) }));
    registered = [...registered, ...mine];
    tell();
    return () => {
      registered = registered.filter((one) => !mine.includes(one));
      tell();
    };
  }, [names]);
}

/** `/` goes to the field that this is given to. */
export function useSearchShortcut(): RefObject<HTMLInputElement | null> {
  const field = useRef<HTMLInputElement>(null);
  useShortcuts([{ keys: '/', what: 'Search this page', run: () => field.current?.select() }]);
  return field;
}

/** Whether what is typed there is text. */
function writes(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** ⌘ on a Mac, Ctrl elsewhere. */
export const mac = /Mac|iPhone|iPad/.test(navigator.platform);

/** What stands over the page and has the keys. Toasts are dialogs to screen readers too, but take no keys. */
const overPage = ':is([role="dialog"], [role="alertdialog"]):not([role="region"] *)';

/** Listens for all of them; the shell does it once. */
export function useKeyboard() {
  useEffect(() => {
    let before = '';
    let since = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.altKey) return;
      const mod = event.ctrlKey || event.metaKey;
      const key = mod ? `mod+${event.key.toLowerCase()}` : event.key;
      const single = !mod && event.key.length === 1;
      if (single && (writes(event.target) || !letters() || document.querySelector(overPage))) return;
      const sequence = before && event.timeStamp - since < 1200 ? `${before} ${key}` : key;
      const found = registered.findLast(({ keys }) => keys === sequence) ?? registered.findLast(({ keys }) => keys === key);
      before = single ? key : '';
      since = event.timeStamp;
      if (!found) return;
      before = '';
      event.preventDefault();
      found.run(event);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}
