import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useParams } from '@tanstack/react-router';
import { RefreshCw } from 'lucide-react';
import { connectionQuery, healthQuery, integrationNamesQuery, type At } from '../../api/connections';
import { syncsQuery, triggerSyncs } from '../../api/syncs';
import { useCrumb } from '../../shell/crumbs';
import { useCan } from '../../shell/environment';
import { Head, tab, Tabs } from '../../shell/Head';
import { Avatar } from '../../ui/Avatar';
import { Status } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { CopyButton } from '../../ui/CopyButton';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { toast, toastError } from '../../ui/Toasts';
import { ApiError } from '../../api/call';
import { IntegrationMark } from './Mark';
import { healthText, healthTone } from './words';

const base = '/app/$env/connections/$integration/$connection' as const;

/** The tabs of a connection, in order. */
const tabs = [
  { to: `${base}/authorization`, label: 'Authorization' },
  { to: `${base}/configuration`, label: 'Configuration' },
  { to: `${base}/syncs`, label: 'Syncs' },
  { to: `${base}/records`, label: 'Records' },
  { to: `${base}/runs`, label: 'Runs' },
  { to: `${base}/settings`, label: 'Settings' },
] as const;

/** The connection that the address names. */
export function useAt(): At {
  return useParams({ from: base });
}

/** The head and the tabs of a connection; the tab itself is a page of its own. */
export function ConnectionPage() {
  const at = useAt();
  const connection = useQuery(connectionQuery(at));
  const user = connection.data?.end_user;
  const name = user?.display_name || user?.email || at.connection;
  useCrumb(name);
  if (connection.isPending) return <Loading what="the connection" />;
  if (connection.isError) {
    if (connection.error instanceof ApiError && connection.error.status === 404) return <Gone at={at} />;
    return <ErrorState title="The connection did not load" error={connection.error} onRetry={() => void connection.refetch()} />;
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col bg-surface">
      <ConnectionHead at={at} name={name} />
      <Tabs label="Connection">
        {tabs.map(({ to, label }) => (
          <Link key={to} to={to} params={at} {...tab}>
            {label}
          </Link>
        ))}
      </Tabs>
      <Outlet />
    </div>
  );
}

function ConnectionHead({ at, name }: { at: At; name: string }) {
  const can = useCan();
  const queries = useQueryClient();
  const { data: health } = useQuery(healthQuery(at));
  const { data: syncs = [] } = useQuery(syncsQuery(at));
  const { data: integrations = [] } = useQuery(integrationNamesQuery(at.env));
  const integration = integrations.find((one) => one.unique_key === at.integration)?.display_name ?? at.integration;
  const sync = useMutation({
    mutationFn: () => triggerSyncs(at, [], 'incremental'),
    onSuccess: () => {
      toast(`The syncs of ${name} run`);
      void queries.invalidateQueries({ queryKey: [at.env, 'connections', 'syncs', at.integration, at.connection] });
    },
    onError: (error) => toastError('The syncs were not run', error),
  });
  return (
    <Head
      mark={<Avatar name={name} size={32} />}
      name={name}
      beside={health && <Status state={healthTone(health.status)}>{healthText(health)}</Status>}
      what={
        <>
          <IntegrationMark name={integration} />
          <span className="truncate">{integration}</span>
          <span aria-hidden>·</span>
          <code className="truncate text-[11.5px]">{at.connection}</code>
          <CopyButton text={at.connection} label="Copy the connection’s id" />
        </>
      }
    >
      {can('environment:syncs:execute') && syncs.length > 0 && (
        <Button className="max-sm:w-full" icon={<RefreshCw size={14} aria-hidden />} busy={sync.isPending} onClick={() => sync.mutate()}>
          Sync now
        </Button>
      )}
    </Head>
  );
}

function Gone({ at }: { at: At }) {
  return (
    <EmptyState
      whole
      title={`There is no connection ${at.connection}`}
      action={
        <Link to="/app/$env/connections" params={{ env: at.env }} className="font-medium text-accent-text hover:underline">
          All connections
        </Link>
      }
    >
      It may have been deleted, or it is of another integration or environment.
    </EmptyState>
  );
}
