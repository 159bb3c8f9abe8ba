import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { environment } from '../../routes';
import { text, whole } from '../runs/search';
import { readConfigurationSearch } from './configuration/search';
import { readRecordsSearch } from './recordsSearch';
import { readSearch } from './search';

const connections = createRoute({
  getParentRoute: () => environment,
  path: 'connections',
  staticData: { crumb: 'Connections' },
});

const list = createRoute({
  getParentRoute: () => connections,
  path: '/',
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import('./List'), 'List'),
});

/** One connection: its head and tabs, and under it the tab that the address names. */
export const connection = createRoute({
  getParentRoute: () => connections,
  path: '$integration/$connection',
  staticData: { crumb: (params) => params.connection ?? '' },
  component: lazyRouteComponent(() => import('./ConnectionPage'), 'ConnectionPage'),
});

const index = createRoute({
  getParentRoute: () => connection,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/app/$env/connections/$integration/$connection/authorization', params, replace: true });
  },
});

const authorization = createRoute({
  getParentRoute: () => connection,
  path: 'authorization',
  component: lazyRouteComponent(() => import('./Authorization'), 'Authorization'),
});

const configuration = createRoute({
  getParentRoute: () => connection,
  path: 'configuration',
  validateSearch: readConfigurationSearch,
  component: lazyRouteComponent(() => import('./Configuration'), 'Configuration'),
});

const syncs = createRoute({
  getParentRoute: () => connection,
  path: 'syncs',
  component: lazyRouteComponent(() => import('./Syncs'), 'Syncs'),
});

const records = createRoute({
  getParentRoute: () => connection,
  path: 'records',
  validateSearch: readRecordsSearch,
  component: lazyRouteComponent(() => import('./Records'), 'Records'),
});

const runs = createRoute({
  getParentRoute: () => connection,
  path: 'runs',
  validateSearch: (raw: Record<string, unknown>): { run?: string; revision?: number } => ({ run: text(raw.run), revision: whole(raw.revision) }),
  component: lazyRouteComponent(() => import('./Runs'), 'Runs'),
});

const settings = createRoute({
  getParentRoute: () => connection,
  path: 'settings',
  component: lazyRouteComponent(() => import('./Settings'), 'Settings'),
});

/** The tabs of a connection, in order. Each is a route and a link. */
const tabs = connection.addChildren([index, authorization, configuration, syncs, records, runs, settings]);

export const connectionRoutes = connections.addChildren([list, tabs]);
