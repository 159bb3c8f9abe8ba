// Every page of the dashboard, in one list. A page is loaded when it is first opened.
import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, notFound, redirect } from '@tanstack/react-router';
import { ApiError, onSignedOut } from './api/call';
import { sessionQuery } from './api/session';
import { connectionRoutes } from './pages/connections/routes';
import { overviewRoute } from './pages/overview/routes';
import { sectionRoute, settingsRoute } from './pages/settings/routes';
import { integrationRoutes } from './pages/integrations/routes';
import { playgroundRoute } from './pages/playground/routes';
import { runRoutes } from './pages/runs/routes';
import { NoEnvironment } from './shell/NoEnvironment';
import { NotFound } from './shell/NotFound';
import { Shell } from './shell/Shell';
import { ErrorState, Loading } from './ui/States';

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({ notFoundComponent: NotFound });

/** Whoever is not signed in goes to sign in, and comes back to where they wanted to be. */
async function signedIn(queries: QueryClient, href: string) {
  try {
    return await queries.ensureQueryData(sessionQuery);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) throw redirect({ href: `/sign-in?next=${encodeURIComponent(href)}` });
    throw error;
  }
}

const app = createRoute({
  getParentRoute: () => root,
  path: '/app',
  beforeLoad: async ({ context, location }) => {
    const session = await signedIn(context.queries, location.href);
    const [first] = session.environments;
    if (first && /^\/app\/?$/.test(location.pathname)) throw redirect({ to: '/app/$env', params: { env: first.name }, replace: true });
  },
});

/** Only who has no role anywhere stays here. */
const nowhere = createRoute({ getParentRoute: () => app, path: '/', component: NoEnvironment });

/** The frame that all pages of an environment are in; their routes are its children. */
export const environment = createRoute({
  getParentRoute: () => app,
  path: '$env',
  component: Shell,
  notFoundComponent: NotFound,
  beforeLoad: ({ context, params }) => {
    const session = context.queries.getQueryData(sessionQuery.queryKey);
    if (session && !session.environments.some(({ name }) => name === params.env)) throw notFound();
  },
});

/** `/app/dev` alone leads to the first place there is. */
const start = createRoute({
  getParentRoute: () => environment,
  path: '/',
  beforeLoad: ({ params }) => {
    const first = ['overview', 'connections', 'integrations', 'runs'].find((place) => `/app/$env/${place}` in paths());
    if (first) throw redirect({ href: `/app/${encodeURIComponent(params.env)}/${first}`, replace: true });
  },
});

const optional = (value: unknown) => (value === undefined ? undefined : String(value));

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('./pages/session/SignIn')),
  validateSearch: (search): { next?: string; reason?: string } => ({ next: optional(search.next), reason: optional(search.reason) }),
});
const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('./pages/session/Setup')),
  validateSearch: (search): { token?: string } => ({ token: optional(search.token) }),
});
const invite = createRoute({
  getParentRoute: () => root,
  path: '/invite',
  component: lazyRouteComponent(() => import('./pages/session/Invite')),
  validateSearch: (search): { token?: string } => ({ token: optional(search.token) }),
});

/** The pages of an environment. `staticData.crumb` names a route in the breadcrumb and in the title. */
const pages = environment.addChildren([
  start,
  connectionRoutes,
  overviewRoute,
  settingsRoute.addChildren([sectionRoute]),
  ...runRoutes,
  integrationRoutes,
  playgroundRoute,
]);

const tree = root.addChildren([app.addChildren([nowhere, pages]), signIn, setup, invite]);

let paths: () => object = () => ({});

export function makeRouter(queries: QueryClient) {
  onSignedOut(() => {
    if (location.pathname.startsWith('/app')) {
      location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
    }
  });
  const router = createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultPendingComponent: () => <Loading what="the page" />,
    defaultErrorComponent: ({ error, reset }) => <ErrorState title="This page did not load" error={error} onRetry={reset} />,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
    scrollToTopSelectors: ['#content'],
  });
  paths = () => router.routesByPath;
  return router;
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
