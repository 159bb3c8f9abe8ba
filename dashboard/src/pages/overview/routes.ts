import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { periods, type Period } from '../../api/overview';
import { environment } from '../../routes';

export const overviewRoute = createRoute({
  getParentRoute: () => environment,
  path: 'overview',
  staticData: { crumb: 'Overview' },
  validateSearch: (search): { period?: Period } => ({ period: periods.find((one) => one === search.period) }),
  component: lazyRouteComponent(() => import('./Overview')),
});
