import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { environment } from '../../routes';
import { runsSearch } from './search';

export const runRoutes = [
  createRoute({
    getParentRoute: () => environment,
    path: 'runs',
    staticData: { crumb: 'Runs and logs' },
    validateSearch: runsSearch,
    component: lazyRouteComponent(() => import('./RunsPage')),
  }),
] as const;
