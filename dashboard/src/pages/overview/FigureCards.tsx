import type { Figures } from '../../api/activity';
import { count } from './numbers';

const shown: { key: keyof Figures; label: string; colour: string }[] = [
  { key: 'runs', label: 'Runs', colour: 'text-accent-text' },
  { key: 'failures', label: 'Failed runs', colour: 'text-bad' },
  { key: 'records_changed', label: 'Records changed', colour: 'text-ok' },
  { key: 'proxy_calls', label: 'Proxy calls', colour: 'text-integration' },
];

/** The four figures of the period, each with how it went. */
export function FigureCards({ figures, series }: { figures: Figures; series: readonly Figures[] }) {
  return (
    <dl className="grid grid-cols-2 gap-4 lg:grid-cols-4">
      {shown.map(({ key, label, colour }) => (
        <div key={key} className="rounded-card border bg-surface px-4 pt-3 pb-2">
          <dt className="text-hint text-ink3">{label}</dt>
          <dd className="tabular text-[22px] leading-8 font-semibold">{count(figures[key])}</dd>
          <dd aria-hidden className={`mt-1 h-7 ${colour}`}>
            <Sparkline values={series.map((one) => one[key])} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A line without axes; the charts below say the numbers. */
function Sparkline({ values }: { values: readonly number[] }) {
  if (values.length < 2) return null;
  const top = Math.max(1, ...values);
  const points = values.map((value, index) => `${((index / (values.length - 1)) * 100).toFixed(2)},${(27 - (value / top) * 25).toFixed(2)}`);
  return (
    <svg viewBox="0 0 100 28" preserveAspectRatio="none" className="h-full w-full overflow-visible">
      <polygon points={`0,28 ${points.join(' ')} 100,28`} fill="currentColor" opacity="0.1" />
      <polyline points={points.join(' ')} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
