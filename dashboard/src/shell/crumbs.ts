import { useMatch, useMatches, useRouter } from '@tanstack/react-router';
import { useEffect, useSyncExternalStore } from 'react';

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** What the breadcrumb and the document's title call this route; a page may know better: useCrumb. */
    crumb?: string | ((params: Record<string, string>) => string);
  }
}

export interface Crumb {
  label: string;
  path: string;
}

/** Names that pages have given to their routes, by match. */
let names: ReadonlyMap<string, string> = new Map();
const listeners = new Set<() => void>();

function rename(match: string, label: string | undefined) {
  const next = new Map(names);
  if (label) next.set(match, label);
  else next.delete(match);
  names = next;
  listeners.forEach((listener) => listener());
}

/** Calls the route of the page by a name that is only known once its data is there. */
export function useCrumb(label: string | undefined) {
  const match = useMatch({ strict: false, select: ({ id }) => id });
  useEffect(() => {
    if (!match || !label) return;
    rename(match, label);
    return () => rename(match, undefined);
  }, [match, label]);
}

/** The way to the page, outermost first. */
export function useCrumbs(): Crumb[] {
  const known = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => names,
  );
  const { routesById } = useRouter();
  return useMatches().flatMap((match) => {
    const crumb = routesById[match.routeId as keyof typeof routesById]?.options.staticData?.crumb;
    if (!crumb) return [];
    const label = known.get(match.id) ?? (typeof crumb === 'string' ? crumb : crumb(match.params as Record<string, string>));
    return [{ label, path: match.pathname }];
  });
}

/** Sets the document's title: the page first, Bespoke last. */
export function useTitle(...parts: string[]) {
  const title = [...parts, 'Bespoke'].join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
}
