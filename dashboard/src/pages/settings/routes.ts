import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { environment } from '../../routes';

export const settingsRoute = createRoute({
  getParentRoute: () => environment,
  path: 'settings',
  staticData: { crumb: 'Settings' },
  component: lazyRouteComponent(() => import('./Settings')),
});

/** `delivery` is the one whose details are open. */
export const sectionRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '$section',
  staticData: { crumb: ({ section }) => section ?? '' },
  validateSearch: (search): { delivery?: string } => ({ delivery: search.delivery === undefined ? undefined : String(search.delivery) }),
  component: lazyRouteComponent(() => import('./Settings').then(({ SectionPage }) => ({ default: SectionPage }))),
});
