import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useParams } from '@tanstack/react-router';
import { ApiError } from '../../api/call';
import { integrationQuery } from '../../api/integrations';
import { useCrumb } from '../../shell/crumbs';
import { useCan } from '../../shell/environment';
import { Head, tab, Tabs } from '../../shell/Head';
import { buttonClass } from '../../ui/Button';
import { CopyButton } from '../../ui/CopyButton';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { IntegrationMark } from '../connections/Mark';

const base = '/app/$env/integrations/$key' as const;

/** The environment and the key that the address names. */
export function useIntegration(): { env: string; key: string } {
  return useParams({ from: base });
}

/** The head and the tabs of an integration; the tab itself is a page of its own. */
export default function IntegrationPage() {
  const { env, key } = useIntegration();
  const can = useCan();
  const query = useQuery(integrationQuery(env, key));
  useCrumb(query.data?.display_name);
  if (query.isPending) return <Loading what="the integration" />;
  if (query.isError) {
    if (query.error instanceof ApiError && query.error.status === 404)
      return (
        <EmptyState
          whole
          title={`There is no integration “${key}”`}
          action={
            <Link to="/app/$env/integrations" params={{ env }} className={buttonClass()}>
              All integrations
            </Link>
          }
        >
          It may have been deleted, or be in another environment.
        </EmptyState>
      );
    return <ErrorState title="The integration did not load" error={query.error} onRetry={() => void query.refetch()} />;
  }
  const tabs = [
    { to: `${base}/functions`, label: 'Functions' },
    { to: `${base}/schema`, label: 'Configuration schema' },
    { to: `${base}/fleet`, label: 'Fleet' },
    ...(can('environment:integrations:update') ? [{ to: `${base}/settings`, label: 'Settings' } as const] : []),
  ] as const;
  return (
    <div className="flex min-h-0 flex-1 flex-col bg-surface">
      <Head
        mark={<IntegrationMark name={query.data.display_name} />}
        name={query.data.display_name}
        what={
          <>
            <span className="truncate font-mono">{key}</span>
            <CopyButton text={key} label="Copy the integration's key" />
            <span className="truncate">{query.data.provider}</span>
          </>
        }
      >
        <Link to={'/app/$env/connections' as string} params={{ env } as never} search={{ integration: key } as never} className={buttonClass('secondary', 'small')}>
          Its connections
        </Link>
      </Head>
      <Tabs label="Integration">
        {tabs.map(({ to, label }) => (
          <Link key={to} to={to} params={{ env, key }} {...tab}>
            {label}
          </Link>
        ))}
      </Tabs>
      <Outlet />
    </div>
  );
}
