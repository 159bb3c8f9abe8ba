import { Link, Navigate, Outlet, useParams } from '@tanstack/react-router';
import { Suspense } from 'react';
import { useCrumb } from '../../shell/crumbs';
import { useCan, useEnvironment } from '../../shell/environment';
import { useCurrentInSight } from '../../shell/Head';
import { NotAllowed, NotFound } from '../../shell/NotFound';
import { Loading } from '../../ui/States';
import { sections, type Section } from './sections';

/** The settings that one may see, at the left; the chosen ones beside them. */
export default function Settings() {
  const environment = useEnvironment();
  const { section } = useParams({ strict: false }) as { section?: string };
  const seen = useSections();
  const row = useCurrentInSight();
  const base = `/app/${encodeURIComponent(environment)}/settings`;
  if (!section && seen[0]) return <Navigate to={`${base}/${seen[0].name}` as string} replace />;
  return (
    <div className="flex gap-8 px-6 py-5 max-lg:flex-col max-lg:gap-4 max-md:px-5">
      <nav ref={row} aria-label="Settings" className="w-48 shrink-0 max-lg:w-full">
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

/** Those that one may see. */
function useSections(): readonly Section[] {
  const can = useCan();
  return sections.filter(({ scope }) => !scope || can(scope));
}

/** The chosen settings. */
export function SectionPage() {
  const { section } = useParams({ strict: false }) as { section?: string };
  const found = useSections().find(({ name }) => name === section);
  useCrumb(found?.label);
  const hidden = sections.find(({ name }) => name === section);
  if (!found) return hidden ? <NotAllowed what={hidden.label} /> : <NotFound />;
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
