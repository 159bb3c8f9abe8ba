import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { environment } from '../../routes';
import { text } from '../runs/search';

export const playgroundRoute = createRoute({
  getParentRoute: () => environment,
  path: 'playground',
  staticData: { crumb: 'Playground' },
  // The customer, the function as "sync:contacts", and whether its input is shown as only one of form and JSON.
  validateSearch: (raw): { integration?: string; customer?: string; fn?: string; view?: 'form' | 'json' } => ({
    integration: text(raw.integration),
    customer: text(raw.customer),
    fn: text(raw.fn),
    view: raw.view === 'form' || raw.view === 'json' ? raw.view : undefined,
  }),
  component: lazyRouteComponent(() => import('./Playground')),
});
