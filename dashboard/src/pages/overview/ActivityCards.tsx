import { Link } from '@tanstack/react-router';
import { useMemo, type ReactNode } from 'react';
import type { Activity, Period } from '../../api/activity';
import { useEnvironment } from '../../shell/environment';
import { Card } from '../../ui/Card';
import { Table } from '../../ui/Table';
import { duration } from '../../ui/Time';
import { ChartCard } from './ChartCard';
import { FigureCards } from './FigureCards';
import { count } from './numbers';

/** How much went on: figures, charts, and who did it. */
export function ActivityCards({ data, period, integration }: { data: Activity; period: Period; integration?: string }) {
  // Charts are drawn anew when these change, and only then.
  const series = useMemo(() => {
    const line = (label: string, colour: string, key: 'runs' | 'failures' | 'records_changed' | 'proxy_calls') => ({ label, colour, values: data.series.map((one) => one[key]) });
    return {
      times: data.series.map(({ at }) => new Date(at)),
      runs: [line('runs', '--accent-text', 'runs'), line('failed', '--bad', 'failures')],
      records: [line('records changed', '--ok', 'records_changed')],
      calls: [line('proxy calls', '--integration', 'proxy_calls')],
    };
  }, [data.series]);
  const { runs, records_changed, proxy_calls } = data.figures;
  const chart = { period, times: series.times };
  return (
    <>
      <FigureCards figures={data.figures} series={data.series} />
      {/* Three empty charts say no more than the zeros above them. */}
      {runs + records_changed + proxy_calls > 0 && (
        <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
          <ChartCard title="Runs" {...chart} lines={series.runs} className={integration ? 'lg:col-span-2' : ''} />
          {!integration && <Integrations data={data} period={period} />}
          <ChartCard title="Records changed" {...chart} lines={series.records} />
          <ChartCard title="Proxy calls" {...chart} lines={series.calls} />
        </div>
      )}
      {data.slowest.length > 0 && <Slowest data={data} />}
    </>
  );
}

/** A table can be narrowed to what stands in it. */
const linkClass = 'font-medium text-accent-text hover:underline';

function Integrations({ data, period }: { data: Activity; period: Period }) {
  const env = useEnvironment();
  return (
    <Card title="By integration" flush>
      <Table
        label="Activity by integration"
        height={218}
        head={[{ label: 'Integration' }, { label: 'Runs', number: true }, { label: 'Failed', number: true }, { label: 'Records', number: true }, { label: 'Calls', number: true }]}
        rows={data.integrations.map((one) => ({
          key: one.provider_config_key,
          cells: [
            <Link key="name" to="/app/$env/overview" params={{ env }} search={{ period, integration: one.provider_config_key }} className={linkClass}>
              {one.provider_config_key}
            </Link>,
            count(one.runs),
            <Failed key="failed" failures={one.failures} runs={one.runs} />,
            count(one.records_changed),
            count(one.proxy_calls),
          ],
        }))}
      />
    </Card>
  );
}

function Slowest({ data }: { data: Activity }) {
  const env = useEnvironment();
  return (
    <Card title="Slowest functions" hint="By the mean of their runs" flush>
      <Table
        label="Slowest functions"
        head={[
          { label: 'Function' },
          { label: 'Integration' },
          { label: 'Mean', number: true },
          { label: 'Longest', number: true },
          { label: 'Runs', number: true },
          { label: 'Failed', number: true },
        ]}
        rows={data.slowest.map((one) => ({
          key: `${one.provider_config_key} ${one.function}`,
          cells: [
            <Link key="name" to="/app/$env/runs" params={{ env }} search={{ integration: one.provider_config_key, function: one.function }} className={linkClass}>
              {one.function}
            </Link>,
            one.provider_config_key,
            duration(one.mean_ms),
            duration(one.longest_ms),
            count(one.runs),
            <Failed key="failed" failures={one.failures} runs={one.runs} />,
          ],
        }))}
      />
    </Card>
  );
}

function Failed({ failures, runs }: { failures: number; runs: number }): ReactNode {
  if (failures === 0) return <span className="text-ink3">0</span>;
  return (
    <span className="whitespace-nowrap text-bad">
      {count(failures)} <span className="text-hint">({Math.max(1, Math.round((failures / Math.max(1, runs)) * 100))} %)</span>
    </span>
  );
}
