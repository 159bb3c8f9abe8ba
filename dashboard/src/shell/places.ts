import { useRouter } from '@tanstack/react-router';
import { Blocks, ChartNoAxesColumn, ListTree, Plug, Settings, SquareTerminal, type LucideIcon } from 'lucide-react';

export interface Place {
  to: string;
  label: string;
  icon: LucideIcon;
  /** The letter that goes there after `g`. */
  key: string;
}

/** The places of an environment, in the order of the sidebar. */
const all: readonly Place[] = [
  { to: '/app/$env/overview', label: 'Overview', icon: ChartNoAxesColumn, key: 'o' },
  { to: '/app/$env/connections', label: 'Connections', icon: Plug, key: 'c' },
  { to: '/app/$env/integrations', label: 'Integrations', icon: Blocks, key: 'i' },
  { to: '/app/$env/runs', label: 'Runs and logs', icon: ListTree, key: 'r' },
  { to: '/app/$env/playground', label: 'Playground', icon: SquareTerminal, key: 'p' },
  { to: '/app/$env/settings', label: 'Settings', icon: Settings, key: 's' },
];

/** Whether `path` is one of the router's, e.g. `/app/$env/connections`. */
export function useHasRoute(): (path: string) => boolean {
  const router = useRouter();
  return (path) => path in router.routesByPath;
}

/** The places that have a page. */
export function usePlaces(): readonly Place[] {
  const has = useHasRoute();
  return all.filter((place) => has(place.to));
}
