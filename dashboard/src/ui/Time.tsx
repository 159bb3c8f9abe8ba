const relative = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto', style: 'short' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });

/** "2 min ago" within a day, else "19 Nov, 04:00"; the exact time is its title. */
export function Time({ at, empty = '–' }: { at: string | null | undefined; empty?: string }) {
  if (!at) return <span className="text-ink3">{empty}</span>;
  const date = new Date(at);
  return (
    <time dateTime={date.toISOString()} title={exact.format(date)} className="tabular whitespace-nowrap">
      {words(date)}
    </time>
  );
}

/** The words of a time, seen from now. */
export function words(date: Date, now = Date.now()): string {
  const seconds = (date.getTime() - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return seconds > 0 ? 'now' : 'just now';
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  return day.format(date);
}

/** A duration in words: "840 ms", "2.4 s", "6 min". */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}
