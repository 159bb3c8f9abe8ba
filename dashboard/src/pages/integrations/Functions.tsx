import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { SquareFunction } from 'lucide-react';
import { functionsQuery, setEnabled, type DeployedFunction } from '../../api/functions';
import { lastRunQuery } from '../../api/runs';
import { useCan, useEnvironment } from '../../shell/environment';
import { Badge, Status } from '../../ui/Badge';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { Switch } from '../../ui/Switch';
import { Time } from '../../ui/Time';
import { toast, toastError } from '../../ui/Toasts';
import { kindWords, statusIcon, statusWords } from '../runs/words';
import { FunctionDrawer } from './FunctionDrawer';
import { useIntegration } from './IntegrationPage';

/** The functions that are deployed for the integration. */
export default function Functions() {
  const { env, key } = useIntegration();
  const search = useSearch({ from: '/app/$env/integrations/$key/functions' });
  const navigate = useNavigate();
  const query = useQuery(functionsQuery(env, key));
  const go = (next: typeof search) => void navigate({ to: '/app/$env/integrations/$key/functions', params: { env, key }, search: next });
  if (query.isPending) return <Loading what="the functions" />;
  if (query.isError) return <ErrorState title="The functions did not load" error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data.length === 0)
    return (
      <EmptyState icon={<SquareFunction size={24} aria-hidden />} title="No functions are deployed">
        Write them in TypeScript in a folder named <code className="text-code">{key}</code> and run <code className="text-code">bespoke deploy</code>.
      </EmptyState>
    );
  return (
    <div className="flex-1 bg-canvas px-6 py-5 max-md:px-5">
      <ul aria-label="Functions" className="divide-y rounded-card border bg-surface">
        {query.data.map((one) => (
          <Row key={`${one.type}:${one.name}`} one={one} onOpen={() => go({ open: `${one.type}:${one.name}` })} />
        ))}
      </ul>
      <FunctionDrawer
        one={query.data.find(({ type, name }) => `${type}:${name}` === search.open)}
        search={search}
        onChange={(part) => go({ ...search, ...part })}
        onClose={() => go({})}
      />
    </div>
  );
}

function Row({ one, onOpen }: { one: DeployedFunction; onOpen: () => void }) {
  const env = useEnvironment();
  const { key } = useIntegration();
  const can = useCan();
  const queries = useQueryClient();
  const { data } = useQuery({ ...lastRunQuery(env, { integration: key, function: one.name, kind: one.type }), enabled: can('environment:logs:read') });
  const change = useMutation({
    mutationFn: (enabled: boolean) => setEnabled(env, key, one, enabled),
    onSuccess: (_, enabled) => {
      void queries.invalidateQueries({ queryKey: ['functions', env, key] });
      toast(`${one.name} is ${enabled ? 'enabled' : 'disabled'}.`, { undo: () => change.mutate(!enabled) });
    },
    onError: (error) => toastError(`${one.name} was not changed`, error),
  });
  const enabled = change.isPending ? change.variables : one.enabled;
  const isSwitchable = can('environment:functions:update') && one.type !== 'on-event';
  return (
    <li className="relative flex flex-wrap items-center gap-x-4 gap-y-1.5 px-4 py-3 hover:bg-hover">
      <div className="min-w-0 flex-1 basis-64">
        <div className="flex flex-wrap items-center gap-2">
          <button type="button" onClick={onOpen} className="truncate text-left font-medium after:absolute after:inset-0">
            {one.name}
          </button>
          <Badge>{kindWords[one.type] ?? one.type}</Badge>
          <span className="text-hint text-ink3">{one.version}</span>
        </div>
        {one.description && <p className="text-hint text-ink3">{one.description}</p>}
      </div>
      <div className="text-hint sm:w-36 text-ink2">{one.runs ? `Runs ${one.runs}` : one.event ? `On ${one.event}` : 'When it is called'}</div>
      <div className="text-hint sm:w-52 text-ink2">
        {data ? (
          <span className="flex items-center gap-2">
            <Status state={statusIcon(data.status)}>{statusWords[data.status] ?? data.status}</Status>
            <Time at={data.created_at} />
          </span>
        ) : (
          <span className="text-ink3">{data === null && 'Never ran'}</span>
        )}
      </div>
      <div className="relative ml-auto flex items-center sm:w-24 justify-end gap-2">
        {isSwitchable ? (
          <Switch label={`${one.name} is enabled`} checked={enabled} onChange={(on) => change.mutate(on)} />
        ) : (
          <span className="text-hint text-ink3">{one.enabled ? 'Enabled' : 'Disabled'}</span>
        )}
      </div>
    </li>
  );
}
