import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { environment } from '../../routes';

export const settingsRoute = createRoute({
  getParentRoute: () => environment,
  path: 'settings',
  staticData: { crumb: 'Settings' },
  component: lazyRouteComponent(() => import('./Settings')),
});

export const sectionRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '$section',
  staticData: { crumb: ({ section }) => section ?? '' },
  component: lazyRouteComponent(() => import('./Settings').then(({ SectionPage }) => ({ default: SectionPage }))),
});
