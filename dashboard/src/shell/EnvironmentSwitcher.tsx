import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { sessionQuery } from '../api/session';
import { Select } from '../ui/Select';
import { useEnvironment } from './environment';

/** Goes to the same user's other environments. */
export function EnvironmentSwitcher() {
  const env = useEnvironment();
  const { data } = useQuery(sessionQuery);
  const navigate = useNavigate();
  return (
    <Select
      label="Environment"
      className="mb-2 w-full font-medium"
      value={env}
      options={(data?.environments ?? []).map(({ name, role }) => ({ value: name, label: name, hint: `You are ${role}.` }))}
      onChange={(name) => void navigate({ to: '/app/$env', params: { env: name } })}
    />
  );
}
