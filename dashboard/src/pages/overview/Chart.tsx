import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'react';
import type { Period } from '../../api/activity';
import { useShownTheme } from '../../shell/theme';
import type { Line } from './ChartCard';

/** The drawing of a chart, in the colours of the theme. `onPoint` hears at which point the pointer is. */
export default function Chart({ period, times, lines, onPoint }: { period: Period; times: readonly Date[]; lines: readonly Line[]; onPoint: (index: number | undefined) => void }) {
  const host = useRef<HTMLDivElement>(null);
  const theme = useShownTheme();
  useEffect(() => {
    const element = host.current!;
    const style = getComputedStyle(document.documentElement);
    const token = (name: string) => style.getPropertyValue(name).trim();
    const axis: uPlot.Axis = {
      stroke: token('--ink3'),
      font: '11px "Inter Variable", sans-serif',
      grid: { stroke: token('--line'), width: 1 },
      ticks: { show: false },
    };
    const clock = new Intl.DateTimeFormat('en-GB', period === '24h' ? { hour: '2-digit', minute: '2-digit' } : { day: 'numeric', month: 'short' });
    const highest = Math.max(1, ...lines.flatMap(({ values }) => values));
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: element.clientHeight,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        padding: [8, 18, 0, 0],
        scales: { y: { range: [0, highest * 1.1] } },
        hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
        axes: [
          { ...axis, grid: { show: false }, values: (_, ticks) => ticks.map((tick) => clock.format(tick * 1000)), space: 70, size: 26, gap: 4 },
          {
            ...axis,
            size: 44,
            space: 26,
            values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? compact.format(tick) : '')),
          },
        ],
        series: [
          {},
          ...lines.map(({ label, colour }) => ({
            label,
            stroke: token(colour),
            fill: `${token(colour)}1a`,
            width: 1.5,
            points: { show: times.length < 3 },
          })),
        ],
      },
      [times.map((time) => time.getTime() / 1000), ...lines.map(({ values }) => [...values])],
      element,
    );
    const resized = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: element.clientHeight }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      chart.destroy();
    };
  }, [period, times, lines, theme]);
  return <div ref={host} className="h-full w-full overflow-hidden" />;
}

const compact = new Intl.NumberFormat('en', { notation: 'compact' });
