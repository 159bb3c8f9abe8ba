import { ChartSpline, Table2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { Period } from '../../api/activity';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Table } from '../../ui/Table';
import { count } from './numbers';

const Chart = lazy(() => import('./Chart'));

export interface Line {
  /** As it stands after a number: "runs". */
  label: string;
  /** The token that it is drawn in. */
  colour: string;
  values: readonly number[];
}

const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
const both = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const formats = { '24h': hour, '7d': both, '30d': day };

/** How a figure went over time: drawn, said in words, and as a table for who asks for it. */
export function ChartCard({ title, period, times, lines, className }: { title: string; period: Period; times: readonly Date[]; lines: readonly Line[]; className?: string }) {
  const [asTable, setAsTable] = useState(false);
  const [point, setPoint] = useState<number>();
  const format = formats[period];
  const words = summary(lines, times, format);
  const pointed = point === undefined ? undefined : times[point];
  return (
    <Card
      title={title}
      flush
      className={className}
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
          height={218}
          head={[{ label: 'From' }, ...lines.map(({ label }) => ({ label: label.charAt(0).toUpperCase() + label.slice(1), number: true }))]}
          rows={times.map((time, index) => ({ key: time.toISOString(), cells: [format.format(time), ...lines.map(({ values }) => count(values[index] ?? 0))] })).reverse()}
        />
      ) : (
        <div className="px-4 pt-3 pb-1">
          <p className="mb-2 truncate text-hint text-ink2">
            {pointed ? `From ${format.format(pointed)}: ${lines.map(({ label, values }) => `${count(values[point!] ?? 0)} ${label}`).join(', ')}` : words}
          </p>
          <div role="img" aria-label={`${title} over time. ${words}`} className="h-[168px]">
            <Suspense fallback={<div aria-busy />}>
              <Chart period={period} times={times} lines={lines} onPoint={setPoint} />
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
  if (sum === 0) return `No ${first.label}.`;
  const most = Math.max(...first.values);
  const at = times[first.values.indexOf(most)];
  const rest = others.map(({ label, values }) => `, ${count(total(values))} ${label}`).join('');
  return `${count(sum)} ${first.label}${rest}. Most, ${count(most)}, from ${at ? format.format(at) : '–'}.`;
}
