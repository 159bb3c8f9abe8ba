import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { ChartNoAxesColumn } from 'lucide-react';
import { overviewQuery, periods, type Overview as Data, type Period } from '../../api/overview';
import { useEnvironment } from '../../shell/environment';
import { Page } from '../../shell/Page';
import { useHasRoute } from '../../shell/places';
import { buttonClass } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Segmented } from '../../ui/Segmented';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { Table } from '../../ui/Table';
import { duration } from '../../ui/Time';
import { Attention } from './Attention';
import { ChartCard } from './ChartCard';
import { FigureCards } from './FigureCards';
import { count } from './numbers';

const names: Record<Period, string> = { '24h': '24 hours', '7d': '7 days', '30d': '30 days' };

/** How the environment does: what needs somebody first, then how much went on. */
export default function Overview() {
  const environment = useEnvironment();
  const { period = '24h' } = useSearch({ strict: false }) as { period?: Period };
  const navigate = useNavigate();
  const { data, error, refetch } = useQuery(overviewQuery(environment, period));
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
      {data ? <Content data={data} period={period} /> : error ? <ErrorState title="The overview did not load" error={error} onRetry={() => void refetch()} /> : <Loading what="the overview" />}
    </Page>
  );
}

function Content({ data, period }: { data: Data; period: Period }) {
  const environment = useEnvironment();
  const has = useHasRoute();
  const { figures } = data;
  const quiet = Object.values(figures).every((figure) => figure === 0);
  const attention = <Attention list={data.attention} />;
  if (quiet) {
    return (
      <>
        {data.attention.length > 0 && attention}
        <Card title={`The last ${names[period]}`} flush>
          <EmptyState
            icon={<ChartNoAxesColumn size={22} aria-hidden />}
            title="Nothing has run yet"
            action={
              has('/app/$env/connections') && (
                <Link to={`/app/${encodeURIComponent(environment)}/connections` as string} className={buttonClass('primary')}>
                  Open Connections
                </Link>
              )
            }
          >
            Runs, changed records and proxy calls of the last {names[period]} show here. Connect a customer and deploy a function to see the first.
          </EmptyState>
        </Card>
      </>
    );
  }
  const times = data.series.map(({ at }) => new Date(at));
  return (
    <>
      {attention}
      <FigureCards figures={figures} series={data.series} />
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
