import { useQuery } from '@tanstack/react-query';
import { Link, Outlet } from '@tanstack/react-router';
import { sessionQuery } from '../api/session';
import { EnvironmentSwitcher } from './EnvironmentSwitcher';
import { useEnvironment } from './environment';

/** The places of an environment, in the order of the sidebar. Each page adds its own. */
export const places: { to: string; label: string }[] = [];

/** The frame of every page of an environment: sidebar and content. */
export function Shell() {
  const env = useEnvironment();
  const { data: session } = useQuery(sessionQuery);
  return (
    <div className="flex min-h-dvh">
      <nav aria-label="Main" className="flex w-[212px] shrink-0 flex-col gap-1 border-r bg-canvas p-2.5">
        <EnvironmentSwitcher />
        {places.map((place) => (
          <Link
            key={place.to}
            to={place.to}
            params={{ env }}
            className="rounded-control px-2 py-1 text-ink2 hover:bg-hover"
            activeProps={{ className: 'bg-hover font-medium text-ink' }}
          >
            {place.label}
          </Link>
        ))}
        <div className="mt-auto px-2 text-hint text-ink3">{session?.user.name}</div>
      </nav>
      <main className="flex min-w-0 flex-1 flex-col bg-surface">
        <Outlet />
      </main>
    </div>
  );
}
