import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { attentionQuery, overviewQuery, periods, type Overview as Data, type Period } from '../../api/overview';
import { useEnvironment } from '../../shell/environment';
import { Page } from '../../shell/Page';
import { Card } from '../../ui/Card';
import { Segmented } from '../../ui/Segmented';
import { ErrorState, Loading } from '../../ui/States';
import { Table } from '../../ui/Table';
import { duration } from '../../ui/Time';
import { Attention } from './Attention';
import { ChartCard } from './ChartCard';
import { FigureCards } from './FigureCards';
import { count } from './numbers';
import { RunsCard } from './RunsCard';

const names: Record<Period, string> = { '24h': '24 hours', '7d': '7 days', '30d': '30 days' };

/** How the environment does: what needs somebody first, then how much went on. */
export default function Overview() {
  const environment = useEnvironment();
  const { period = '24h' } = useSearch({ strict: false }) as { period?: Period };
  const navigate = useNavigate();
  const overview = useQuery(overviewQuery(environment, period));
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
      {overview.data && <Figures data={overview.data} period={period} />}
      {overview.error && <ErrorState title="The figures did not load" error={overview.error} onRetry={() => void overview.refetch()} />}
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

function Figures({ data, period }: { data: Data; period: Period }) {
  const times = data.series.map(({ at }) => new Date(at));
  return (
    <>
      <FigureCards figures={data.figures} series={data.series} />
      <div className="grid gap-4 lg:grid-cols-2">
        <ChartCard
          title="Runs"
          period={period}
          times={times}
          lines={[
            { label: 'Runs', colour: '--accent', values: data.series.map((one) => one.runs) },
            { label: 'Failed', colour: '--bad', values: data.series.map((one) => one.failures) },
          ]}
        />
        <ChartCard title="Records changed" period={period} times={times} lines={[{ label: 'Records changed', colour: '--ok', values: data.series.map((one) => one.records_changed) }]} />
        <ChartCard title="Proxy calls" period={period} times={times} lines={[{ label: 'Proxy calls', colour: '--integration', values: data.series.map((one) => one.proxy_calls) }]} />
        <Card title="Integrations" flush>
          <Table
            label="Runs by integration"
            height={220}
            head={[{ label: 'Integration' }, { label: 'Runs', number: true }, { label: 'Failed', number: true }]}
            rows={data.integrations.map((one) => ({
              key: one.provider_config_key,
              cells: [one.provider_config_key, count(one.runs), <Failed key="failed" failures={one.failures} runs={one.runs} />],
            }))}
          />
        </Card>
      </div>
      {data.slowest.length > 0 && (
        <Card title="Slowest functions" hint="By their median" flush>
          <Table
            label="Slowest functions"
            head={[{ label: 'Function' }, { label: 'Integration' }, { label: 'Median', number: true }, { label: 'Longest', number: true }, { label: 'Runs', number: true }]}
            rows={data.slowest.map((one) => ({
              key: `${one.provider_config_key} ${one.function}`,
              cells: [
                <span key="name" className="font-medium">
                  {one.function}
                </span>,
                one.provider_config_key,
                duration(one.p50_ms),
                duration(one.max_ms),
                count(one.runs),
              ],
            }))}
          />
        </Card>
      )}
    </>
  );
}

function Failed({ failures, runs }: { failures: number; runs: number }) {
  if (failures === 0) return <span className="text-ink3">0</span>;
  return (
    <span className="text-bad">
      {count(failures)} <span className="text-hint">({Math.max(1, Math.round((failures / Math.max(1, runs)) * 100))} %)</span>
    </span>
  );
}
