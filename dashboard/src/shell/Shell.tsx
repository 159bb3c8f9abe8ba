import { Dialog } from '@base-ui/react/dialog';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { Menu as MenuIcon, Search, X } from 'lucide-react';
import { Fragment, lazy, Suspense, useEffect, useState } from 'react';
import { IconButton } from '../ui/Button';
import { useCrumbs, useTitle } from './crumbs';
import { environmentTitle } from './EnvironmentSwitcher';
import { useEnvironment } from './environment';
import { KeyNames } from './KeyNames';
import { useKeyboard, useShortcuts } from './keys';
import { usePlaces } from './places';
import { Sidebar } from './Sidebar';

const Palette = lazy(() => import('./Palette'));
const KeyList = lazy(() => import('./KeyList').then(({ KeyList }) => ({ default: KeyList })));

/** The frame of every page of an environment: sidebar, header with the way here and the search, content. */
export function Shell() {
  const [palette, setPalette] = useState(false);
  const [keys, setKeys] = useState(false);
  useKeyboard();
  usePlaceKeys(() => setPalette(true), () => setKeys(true));
  return (
    <div className="flex h-dvh overflow-hidden">
      <a
        href="#content"
        className="absolute top-2 left-2 z-[80] -translate-y-20 rounded-control bg-accent px-3 py-1.5 font-medium text-white focus:translate-y-0"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        Skip to content
      </a>
      <aside aria-label="Sidebar" className="w-[212px] shrink-0 border-r bg-canvas max-md:hidden">
        <Sidebar onKeys={() => setKeys(true)} />
      </aside>
      <div className="flex min-w-0 flex-1 flex-col">
        <Header onSearch={() => setPalette(true)} onKeys={() => setKeys(true)} />
        <main id="content" tabIndex={-1} className="relative flex min-h-0 flex-1 flex-col overflow-y-auto outline-none">
          <Outlet />
        </main>
      </div>
      <Suspense>
        {palette && <Palette onClose={() => setPalette(false)} />}
        {keys && <KeyList open onClose={() => setKeys(false)} />}
      </Suspense>
    </div>
  );
}

function usePlaceKeys(onPalette: () => void, onKeys: () => void) {
  const env = useEnvironment();
  const places = usePlaces();
  const navigate = useNavigate();
  useShortcuts([
    { keys: 'mod+k', what: 'Search or jump to', run: onPalette },
    { keys: '?', what: 'Show this list', run: onKeys },
    ...places.map(({ to, key, label }) => ({
      keys: `g ${key}`,
      what: `Go to ${label}`,
      run: () => void navigate({ to: to as '/app/$env', params: { env } }),
    })),
  ]);
}

function Header({ onSearch, onKeys }: { onSearch: () => void; onKeys: () => void }) {
  const env = useEnvironment();
  const crumbs = useCrumbs();
  useTitle(...crumbs.map(({ label }) => label).reverse(), environmentTitle(env));
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-b bg-surface px-6 max-md:pr-4 max-md:pl-2">
      <Drawer onKeys={onKeys} />
      <nav aria-label="Breadcrumb" className="min-w-0 flex-1">
        <ol className="flex items-center gap-1.5 overflow-hidden whitespace-nowrap">
          {crumbs.map(({ label, path }, index) => (
            <Fragment key={path + label}>
              {index > 0 && (
                <li aria-hidden className="text-ink3 max-sm:hidden">
                  /
                </li>
              )}
              <li className={index < crumbs.length - 1 ? 'shrink-0 max-sm:hidden' : 'min-w-0 truncate'}>
                {index < crumbs.length - 1 ? (
                  <Link to={path} className="rounded-badge text-ink2 hover:text-ink hover:underline">
                    {label}
                  </Link>
                ) : (
                  <span aria-current="page">{label}</span>
                )}
              </li>
            </Fragment>
          ))}
        </ol>
      </nav>
      <button
        type="button"
        onClick={onSearch}
        aria-keyshortcuts="Control+K Meta+K"
        className="flex h-7 w-60 shrink-0 items-center gap-2 rounded-control border bg-subtle px-2 text-left text-ink3 hover:bg-hover max-md:w-auto pointer-coarse:h-11"
      >
        <Search size={14} aria-hidden />
        <span className="flex-1 whitespace-nowrap max-md:sr-only">Search or jump to</span>
        <span aria-hidden className="max-md:hidden">
          <KeyNames keys="mod+k" />
        </span>
      </button>
    </header>
  );
}

/** The sidebar of narrow screens. It closes when one has gone somewhere. */
function Drawer({ onKeys }: { onKeys: () => void }) {
  const [open, setOpen] = useState(false);
  const path = useLocation({ select: ({ pathname }) => pathname });
  useEffect(() => setOpen(false), [path]);
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger render={<IconButton label="Menu" className="md:hidden" />}>
        <MenuIcon size={18} aria-hidden />
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-[rgb(10_12_16/0.45)]" />
        <Dialog.Popup className="fixed inset-y-0 left-0 z-50 w-[264px] bg-canvas shadow-float outline-none">
          <Dialog.Title className="sr-only">Menu</Dialog.Title>
          <Dialog.Close render={<IconButton label="Close menu" className="absolute! top-2 right-2 z-10" />}>
            <X size={16} aria-hidden />
          </Dialog.Close>
          <Sidebar
            onGo={() => setOpen(false)}
            onKeys={() => {
              setOpen(false);
              onKeys();
            }}
          />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
