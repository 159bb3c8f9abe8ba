import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

export interface Section {
  name: string;
  label: string;
  /** What one has to be allowed to see it. */
  scope?: string;
  page: LazyExoticComponent<ComponentType>;
}

/** The pages of Settings: those of the environment, then one's own. */
export const sections: readonly Section[] = [
  { name: 'keys', label: 'Keys', scope: 'keys:read', page: lazy(() => import('./Keys')) },
  { name: 'variables', label: 'Environment variables', scope: 'environment:variables:read', page: lazy(() => import('./Variables')) },
  { name: 'webhooks', label: 'Webhooks', scope: 'environment:webhooks:read', page: lazy(() => import('./Webhooks')) },
  { name: 'members', label: 'Members', scope: 'members:read', page: lazy(() => import('./Members')) },
  { name: 'customers-page', label: 'Configuration page', scope: 'environment:configure:read', page: lazy(() => import('./CustomersPage')) },
  { name: 'retention', label: 'Retention', scope: 'environment:logs:read', page: lazy(() => import('./Retention')) },
  { name: 'account', label: 'Your sign-in', page: lazy(() => import('./Account')) },
];
