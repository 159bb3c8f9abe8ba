import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { environment } from '../../routes';
import { fleetSearch } from './fleetSearch';
import { text, whole } from '../runs/search';

const integrations = createRoute({
  getParentRoute: () => environment,
  path: 'integrations',
  staticData: { crumb: 'Integrations' },
});

const list = createRoute({
  getParentRoute: () => integrations,
  path: '/',
  // `add`: the dialog is open; its value is the provider that was chosen, or nothing yet.
  validateSearch: (raw): { add?: string } => ({ add: raw.add === true ? '' : typeof raw.add === 'string' ? raw.add : undefined }),
  component: lazyRouteComponent(() => import('./List')),
});

/** One integration: its head and tabs, and under it the tab that the address names. */
const integration = createRoute({
  getParentRoute: () => integrations,
  path: '$key',
  staticData: { crumb: (params) => params.key ?? '' },
  component: lazyRouteComponent(() => import('./IntegrationPage')),
});

const index = createRoute({
  getParentRoute: () => integration,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/app/$env/integrations/$key/functions', params, replace: true });
  },
});

/** What the drawer of a function shows instead of its code. */
const views = ['input', 'output', 'versions', 'runs'] as const;

/** What the address of the functions says. */
export interface FunctionsSearch {
  /** The function whose drawer is open: "sync:contacts". */
  open?: string;
  show?: (typeof views)[number];
  /** The earlier version that is looked at, by its number. */
  version?: number;
  /** The run whose drawer is open. */
  run?: string;
}

const functions = createRoute({
  getParentRoute: () => integration,
  path: 'functions',
  validateSearch: (raw): FunctionsSearch => ({
    open: text(raw.open),
    show: views.find((view) => view === raw.show),
    version: whole(raw.version),
    run: text(raw.run),
  }),
  component: lazyRouteComponent(() => import('./Functions')),
});

const schema = createRoute({
  getParentRoute: () => integration,
  path: 'schema',
  component: lazyRouteComponent(() => import('./Schema')),
});

const fleet = createRoute({
  getParentRoute: () => integration,
  path: 'fleet',
  validateSearch: fleetSearch,
  component: lazyRouteComponent(() => import('./Fleet')),
});

const settings = createRoute({
  getParentRoute: () => integration,
  path: 'settings',
  component: lazyRouteComponent(() => import('./Settings')),
});

export const integrationRoutes = integrations.addChildren([list, integration.addChildren([index, functions, schema, fleet, settings])]);
