import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { deliveryStates, type DeliveryState } from '../../api/deliveries';
import { environment } from '../../routes';
import { whole } from '../runs/search';

export const settingsRoute = createRoute({
  getParentRoute: () => environment,
  path: 'settings',
  staticData: { crumb: 'Settings' },
  component: lazyRouteComponent(() => import('./Settings')),
});

/** What the address of a section says. */
export interface SectionSearch {
  /** The delivery whose details are open, in Webhooks. */
  delivery?: number;
  /** Which deliveries are listed. */
  state?: DeliveryState;
}

export const sectionRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '$section',
  staticData: { crumb: ({ section }) => section ?? '' },
  validateSearch: (search): SectionSearch => ({ delivery: whole(search.delivery), state: deliveryStates.find((one) => one === search.state) }),
  component: lazyRouteComponent(() => import('./Settings').then(({ SectionPage }) => ({ default: SectionPage }))),
});
