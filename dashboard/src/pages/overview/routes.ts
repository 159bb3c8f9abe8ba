import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { periods, type Period } from '../../api/activity';
import { environment } from '../../routes';
import { text } from '../runs/search';

/** What the address of the overview says. */
export interface OverviewSearch {
  period?: Period;
  /** Only of this integration. */
  integration?: string;
}

export const overviewRoute = createRoute({
  getParentRoute: () => environment,
  path: 'overview',
  staticData: { crumb: 'Overview' },
  validateSearch: (search): OverviewSearch => ({ period: periods.find((one) => one === search.period), integration: text(search.integration) }),
  component: lazyRouteComponent(() => import('./Overview')),
});
