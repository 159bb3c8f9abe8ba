import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { environment } from '../../routes';
import { text } from '../runs/search';

export const playgroundRoute = createRoute({
  getParentRoute: () => environment,
  path: 'playground',
  staticData: { crumb: 'Playground' },
  // The customer, and the function as "sync:contacts".
  validateSearch: (raw): { integration?: string; customer?: string; fn?: string } => ({
    integration: text(raw.integration),
    customer: text(raw.customer),
    fn: text(raw.fn),
  }),
  component: lazyRouteComponent(() => import('./Playground')),
});
