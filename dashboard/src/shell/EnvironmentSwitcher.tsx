import { useQuery } from '@tanstack/react-query';
import { useLocation, useNavigate } from '@tanstack/react-router';
import { sessionQuery } from '../api/session';
import { Select } from '../ui/Select';
import { useEnvironment } from './environment';

const titles: Record<string, string> = { dev: 'Development', prod: 'Production' };

/** What people call an environment. */
export const environmentTitle = (name: string) => titles[name] ?? name;

/** Goes to the same place of the user's other environments. */
export function EnvironmentSwitcher() {
  const env = useEnvironment();
  const { data } = useQuery(sessionQuery);
  const navigate = useNavigate();
  const place = useLocation({ select: ({ pathname }) => pathname.split('/')[3] ?? '' });
  // Where customers' live data is has a colour of its own, so that nobody takes the one for the other.
  const dot = env === 'prod' ? 'bg-ok' : 'bg-warn';
  return (
    <Select
      label={`Environment: ${environmentTitle(env)}`}
      className="w-full border-line! font-medium"
      icon={<span aria-hidden className={`mr-0.5 size-2 shrink-0 rounded-full ${dot}`} />}
      value={env}
      options={(data?.environments ?? []).map(({ name, role }) => ({ value: name, label: environmentTitle(name), hint: `You are ${role} here` }))}
      onChange={(name) => void navigate({ to: `/app/${encodeURIComponent(name)}/${place}` })}
    />
  );
}
