import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { Logo } from '../ui/Logo';
import { EnvironmentSwitcher } from './EnvironmentSwitcher';
import { useEnvironment } from './environment';
import { usePlaces } from './places';

// Nobody signs out first: it comes a moment after the page.
const UserMenu = lazy(() => import('./UserMenu').then(({ UserMenu }) => ({ default: UserMenu })));

/** Where one is, where one can go, and who one is. The same at the side and in the drawer of a phone. */
export function Sidebar({ onGo, onKeys }: { onGo?: () => void; onKeys: () => void }) {
  const env = useEnvironment();
  const places = usePlaces();
  return (
    <div className="flex h-full flex-col p-2.5">
      <Link to="/app/$env" params={{ env }} activeOptions={{ exact: true }} onClick={onGo} className="mb-2 flex h-8 items-center gap-2 rounded-control px-1.5 text-[15px] font-semibold">
        <Logo />
        Bespoke
      </Link>
      <EnvironmentSwitcher />
      <nav aria-label="Main" className="mt-3 min-h-0 flex-1 overflow-y-auto">
        <ul className="space-y-0.5">
          {places.map(({ to, label, icon: Icon }) => (
            <li key={to}>
              <Link
                to={to as '/app/$env'}
                params={{ env }}
                activeOptions={{ exact: false, includeSearch: false }}
                onClick={onGo}
                className="group flex h-7 items-center gap-2.5 rounded-control px-2 text-ink2 hover:bg-hover pointer-coarse:h-11"
                activeProps={{ className: 'bg-hover font-medium text-ink!' }}
              >
                <Icon size={15} aria-hidden className="shrink-0 text-ink3 group-[[aria-current]]:text-accent-text" />
                {label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <Suspense fallback={<div aria-busy className="h-[53px] border-t" />}>
        <UserMenu onKeys={onKeys} />
      </Suspense>
    </div>
  );
}
