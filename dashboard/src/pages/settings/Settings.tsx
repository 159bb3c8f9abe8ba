import { Link, Navigate, Outlet, useParams } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Suspense } from 'react';
import { useCrumb } from '../../shell/crumbs';
import { ApiError } from '../../api/call';
import { configureQuery, retentionQuery } from '../../api/settings';
import { useCan, useEnvironment } from '../../shell/environment';
import { NotFound } from '../../shell/NotFound';
import { Loading } from '../../ui/States';
import { sections, type Section } from './sections';

/** The settings that one may see, at the left; the chosen ones beside them. */
export default function Settings() {
  const environment = useEnvironment();
  const { section } = useParams({ strict: false }) as { section?: string };
  const seen = useSections();
  const base = `/app/${encodeURIComponent(environment)}/settings`;
  if (!section && seen[0]) return <Navigate to={`${base}/${seen[0].name}` as string} replace />;
  return (
    <div className="flex gap-8 px-6 py-5 max-lg:flex-col max-lg:gap-4 max-md:px-5">
      <nav aria-label="Settings" className="w-48 shrink-0 max-lg:w-full">
        <ul className="flex gap-0.5 max-lg:overflow-x-auto max-lg:border-b max-lg:pb-2 lg:sticky lg:top-5 lg:flex-col">
          {seen.map(({ name, label }) => (
            <li key={name}>
              <Link
                to={`${base}/${name}` as string}
                activeOptions={{ includeSearch: false }}
                className="flex h-8 items-center rounded-control px-2.5 whitespace-nowrap text-ink2 hover:bg-hover pointer-coarse:h-11"
                activeProps={{ className: 'bg-hover font-medium text-ink!' }}
              >
                {label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="min-w-0 max-w-[860px] flex-1">
        <Outlet />
      </div>
    </div>
  );
}

/** Those that one may see, and that the server knows: an older one has fewer. */
function useSections(): readonly Section[] {
  const environment = useEnvironment();
  const can = useCan();
  const retention = useQuery({ ...retentionQuery(environment), retry: false, staleTime: Infinity });
  const configure = useQuery({ ...configureQuery(environment), retry: false, staleTime: Infinity, enabled: can('environment:configure:read') });
  const missing = { retention: isMissing(retention.error), configure: isMissing(configure.error) };
  return sections.filter(({ scope, asked }) => (!scope || can(scope)) && !(asked && missing[asked]));
}

const isMissing = (error: unknown) => error instanceof ApiError && error.status === 404;

/** The chosen settings. */
export function SectionPage() {
  const { section } = useParams({ strict: false }) as { section?: string };
  const found = useSections().find(({ name }) => name === section);
  useCrumb(found?.label);
  if (!found) return <NotFound />;
  return (
    <>
      <h1 className="mb-4 text-list-page font-semibold">{found.label}</h1>
      <Suspense fallback={<Loading what="the settings" />}>
        <div className="space-y-4">
          <found.page />
        </div>
      </Suspense>
    </>
  );
}
