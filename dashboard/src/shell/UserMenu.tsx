import { Menu } from '@base-ui/react/menu';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Check, Keyboard, KeyRound, LogOut, Moon, Sun } from 'lucide-react';
import type { ReactNode } from 'react';
import { call } from '../api/call';
import { sessionQuery } from '../api/session';
import { Avatar } from '../ui/Avatar';
import { IconButton } from '../ui/Button';
import { toastError } from '../ui/Toasts';
import { useEnvironment } from './environment';
import { useHasRoute } from './places';
import { setTheme, useShownTheme, useTheme, type Theme } from './theme';

const row = 'flex cursor-default items-center gap-2 rounded-control px-2 py-1.5 outline-none data-highlighted:bg-hover pointer-coarse:min-h-11';
const themes: [Theme, string][] = [
  ['light', 'Light'],
  ['dark', 'Dark'],
  ['system', 'As the system'],
];

/** Who is signed in, and what is theirs: theme, password, sessions, signing out. */
export function UserMenu({ onKeys }: { onKeys: () => void }) {
  const env = useEnvironment();
  const { data: session } = useQuery(sessionQuery);
  const theme = useTheme();
  const shown = useShownTheme();
  const has = useHasRoute();
  const navigate = useNavigate();
  const signOut = useMutation({
    mutationFn: () => call('DELETE', '/session'),
    // A whole new page: nothing of what was read stays in memory.
    onSuccess: () => location.assign('/sign-in'),
    onError: (error) => toastError('You are still signed in', error),
  });
  const role = session?.environments.find(({ name }) => name === env)?.role;
  const name = session?.user.name || session?.user.email || '';
  return (
    <div className="flex items-center gap-1 border-t pt-2">
      <Menu.Root>
        <Menu.Trigger className="flex min-w-0 flex-1 items-center gap-2 rounded-control px-1.5 py-1 text-left hover:bg-hover pointer-coarse:min-h-11">
          <Avatar name={name} />
          <span className="min-w-0 leading-4">
            <span className="block truncate text-hint font-medium">{name}</span>
            {role && <span className="block text-[11px] text-ink3 capitalize">{role}</span>}
          </span>
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner className="z-[60]" side="top" align="start" sideOffset={6}>
            <Menu.Popup className="w-56 rounded-card bg-surface p-1 shadow-float outline-none">
              <p className="truncate px-2 py-1.5 text-hint text-ink3">{session?.user.email}</p>
              <Menu.Separator className="mb-1 h-px bg-line" />
              <Menu.RadioGroup value={theme} onValueChange={(value: Theme) => setTheme(value)}>
                {themes.map(([value, label]) => (
                  <Menu.RadioItem key={value} value={value} closeOnClick={false} className={row}>
                    <span className="w-4">
                      <Menu.RadioItemIndicator>
                        <Check size={14} aria-hidden />
                      </Menu.RadioItemIndicator>
                    </span>
                    {value === 'system' ? label : `${label} theme`}
                  </Menu.RadioItem>
                ))}
              </Menu.RadioGroup>
              <Menu.Separator className="my-1 h-px bg-line" />
              {has('/app/$env/settings/$section') && (
                <Item icon={<KeyRound size={14} aria-hidden />} onClick={() => void navigate({ to: `/app/${encodeURIComponent(env)}/settings/account` })}>
                  Password and sessions
                </Item>
              )}
              <Item icon={<Keyboard size={14} aria-hidden />} onClick={onKeys}>
                Keys
              </Item>
              <Item icon={<LogOut size={14} aria-hidden />} onClick={() => signOut.mutate()}>
                Sign out
              </Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      <IconButton label={shown === 'dark' ? 'Use the light theme' : 'Use the dark theme'} onClick={() => setTheme(shown === 'dark' ? 'light' : 'dark')}>
        {shown === 'dark' ? <Sun size={15} aria-hidden /> : <Moon size={15} aria-hidden />}
      </IconButton>
    </div>
  );
}

function Item({ icon, onClick, children }: { icon: ReactNode; onClick: () => void; children: ReactNode }) {
  return (
    <Menu.Item onClick={onClick} className={row}>
      <span className="w-4 text-ink3">{icon}</span>
      {children}
    </Menu.Item>
  );
}
