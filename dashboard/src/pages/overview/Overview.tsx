import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { attentionQuery, periods, type Period } from '../../api/overview';
import { useEnvironment } from '../../shell/environment';
import { Page } from '../../shell/Page';
import { Segmented } from '../../ui/Segmented';
import { ErrorState, Loading } from '../../ui/States';
import { Attention } from './Attention';
import { RunsCard } from './RunsCard';

const names: Record<Period, string> = { '24h': '24 hours', '7d': '7 days', '30d': '30 days' };

/** How the environment does: what needs somebody first, then what ran. */
export default function Overview() {
  const { period = '24h' } = useSearch({ strict: false }) as { period?: Period };
  const navigate = useNavigate();
  return (
    <Page
      title="Overview"
      actions={
        <Segmented
          label="Period"
          value={period}
          options={periods.map((value) => ({ value, label: names[value] }))}
          onChange={(value) => void navigate({ to: '.', search: { period: value } as never, replace: true })}
        />
      }
    >
      <NeedsAttention />
      <div className="grid gap-4 xl:grid-cols-2">
        <RunsCard title="Failed runs" period={period} status="failed" empty={`None of the last ${names[period]}.`} />
        <RunsCard title="Latest runs" period={period} empty={`Nothing has run in the last ${names[period]}. Connect a customer and deploy a function to see the first.`} />
      </div>
    </Page>
  );
}

function NeedsAttention() {
  const { data, error, refetch } = useQuery(attentionQuery(useEnvironment()));
  if (data) return <Attention list={data.troubled} total={data.total} />;
  return error ? <ErrorState title="The connections did not load" error={error} onRetry={() => void refetch()} /> : <Loading what="the connections" lines={2} />;
}
