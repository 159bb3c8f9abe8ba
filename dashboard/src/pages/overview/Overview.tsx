import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { activityQuery, attentionQuery, periods, type Period } from '../../api/activity';
import { integrationNamesQuery } from '../../api/connections';
import { useEnvironment } from '../../shell/environment';
import { Page } from '../../shell/Page';
import { Segmented } from '../../ui/Segmented';
import { Select } from '../../ui/Select';
import { ErrorState, Loading } from '../../ui/States';
import { ActivityCards } from './ActivityCards';
import { Attention } from './Attention';
import type { OverviewSearch } from './routes';
import { RunsCard } from './RunsCard';

const names: Record<Period, string> = { '24h': '24 hours', '7d': '7 days', '30d': '30 days' };

/** How the environment does: what needs somebody first, how much went on, then what ran. */
export default function Overview() {
  const environment = useEnvironment();
  const { period = '24h', integration } = useSearch({ from: '/app/$env/overview' });
  const navigate = useNavigate({ from: '/app/$env/overview' });
  const change = (part: OverviewSearch) => void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  const { data: integrations = [] } = useQuery(integrationNamesQuery(environment));
  const activity = useQuery(activityQuery(environment, period, integration));
  return (
    <Page
      title="Overview"
      actions={
        <>
          {(integrations.length > 1 || integration) && (
            <Select
              inline
              label="Integration"
              value={integration ?? ''}
              options={[{ value: '', label: 'All' }, ...integrations.map(({ unique_key, display_name }) => ({ value: unique_key, label: display_name, hint: unique_key }))]}
              onChange={(key) => change({ integration: key || undefined })}
            />
          )}
          <Segmented label="Period" value={period} options={periods.map((value) => ({ value, label: names[value] }))} onChange={(value) => change({ period: value })} />
        </>
      }
    >
      <NeedsAttention integration={integration} />
      {activity.data && <ActivityCards data={activity.data} period={period} integration={integration} />}
      {!activity.data && activity.isPending && <Loading what="the figures" lines={6} />}
      {!activity.data && activity.error && <ErrorState title="The figures did not load" error={activity.error} onRetry={() => void activity.refetch()} />}
      <div className="grid grid-cols-1 gap-4 xl:grid-cols-2">
        <RunsCard title="Failed runs" of={{ period, integration, status: 'failed' }} empty={`None in the last ${names[period]}.`} />
        <RunsCard title="Latest runs" of={{ period, integration }} empty={`Nothing has run in the last ${names[period]}. Connect a customer and deploy a function to see the first.`} />
      </div>
    </Page>
  );
}

function NeedsAttention({ integration }: { integration?: string }) {
  const { data, error, refetch } = useQuery(attentionQuery(useEnvironment(), integration));
  if (data) return <Attention list={data.troubled} total={data.total} />;
  return error ? <ErrorState title="The connections did not load" error={error} onRetry={() => void refetch()} /> : <Loading what="the connections" lines={2} />;
}
