import { ChartSpline, Table2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { Period } from '../../api/overview';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Table } from '../../ui/Table';
import { count } from './numbers';

const Chart = lazy(() => import('./Chart'));

export interface Line {
  label: string;
  /** The token that it is drawn in. */
  colour: string;
  values: readonly number[];
}

const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
const both = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

/** How a figure went over time: drawn, said in words, and as a table for who asks for it. */
export function ChartCard({ title, period, times, lines }: { title: string; period: Period; times: readonly Date[]; lines: readonly Line[] }) {
  const [asTable, setAsTable] = useState(false);
  const format = period === '24h' ? hour : period === '30d' ? day : both;
  const words = summary(lines, times, format);
  return (
    <Card
      title={title}
      flush
      actions={
        <Button
          look="quiet"
          size="small"
          icon={asTable ? <ChartSpline size={14} aria-hidden /> : <Table2 size={14} aria-hidden />}
          onClick={() => setAsTable(!asTable)}
          aria-label={`${asTable ? 'Show as chart' : 'Show as table'}: ${title}`}
        >
          {asTable ? 'Show as chart' : 'Show as table'}
        </Button>
      }
    >
      {asTable ? (
        <Table
          label={`${title} over time`}
          height={220}
          head={[{ label: 'From' }, ...lines.map(({ label }) => ({ label, number: true }))]}
          rows={times.map((time, index) => ({ key: time.toISOString(), cells: [format.format(time), ...lines.map(({ values }) => count(values[index] ?? 0))] })).reverse()}
        />
      ) : (
        <div className="px-4 pt-3 pb-3">
          <p className="mb-2 text-hint text-ink2">{words}</p>
          <div role="img" aria-label={`${title} over time. ${words}`} className="h-[172px]">
            <Suspense>
              <Chart period={period} times={times} lines={lines} />
            </Suspense>
          </div>
        </div>
      )}
    </Card>
  );
}

/** The first line in a sentence, the others with their sum. */
function summary(lines: readonly Line[], times: readonly Date[], format: Intl.DateTimeFormat): string {
  const [first, ...others] = lines;
  if (!first) return '';
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const sum = total(first.values);
  if (sum === 0) return `No ${first.label.toLowerCase()}.`;
  const most = Math.max(...first.values);
  const at = times[first.values.indexOf(most)];
  const rest = others.map(({ label, values }) => ` ${count(total(values))} ${label.toLowerCase()}.`).join('');
  return `${count(sum)} ${first.label.toLowerCase()}; the most, ${count(most)}, from ${at ? format.format(at) : '–'}.${rest}`;
}
