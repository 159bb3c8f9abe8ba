// Every page of the dashboard, in one list. A page is loaded when it is first opened.
import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, redirect } from '@tanstack/react-router';
import { ApiError, onSignedOut } from './api/call';
import { sessionQuery } from './api/session';
import { Shell } from './shell/Shell';
import { ErrorState } from './ui/States';

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({
  errorComponent: ({ error, reset }) => <ErrorState title="This page did not load" error={error} onRetry={reset} />,
});

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
    if (first && /^\/app\/?$/.test(location.pathname)) throw redirect({ to: '/app/$env', params: { env: first.name } });
  },
});

/** The frame that all pages of an environment are in; their routes are its children. */
export const environment = createRoute({ getParentRoute: () => app, path: '$env', component: Shell });

const tree = root.addChildren([app.addChildren([environment])]);

export function makeRouter(queries: QueryClient) {
  onSignedOut(() => {
    if (location.pathname.startsWith('/app')) {
      location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
    }
  });
  return createRouter({ routeTree: tree, context: { queries }, defaultPreload: 'intent', defaultPreloadStaleTime: 0, scrollRestoration: true });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
