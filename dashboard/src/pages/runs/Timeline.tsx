import { duration } from '../../ui/Time';
import { bytes } from './words';

/** A request with when it began, in milliseconds from the start of the run. */
export interface TimedCall {
  id: string;
  at: number;
  took: number;
  method: string;
  url: string;
  status: number | null;
  error?: string;
  attempts?: number;
  received?: number;
}

/** Only what differs between the requests of a run: most go to one host. */
function short(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? parsed.pathname + parsed.search : url;
}

/** Requests one under the other, each with a bar that shows when it went on. */
export function Timeline({ calls }: { calls: readonly TimedCall[] }) {
  const end = Math.max(1, ...calls.map(({ at, took }) => at + took));
  return (
    <ol className="overflow-hidden rounded-card border">
      {calls.map((call) => {
        const failed = call.status === null || call.status >= 400;
        return (
          <li key={call.id} className="border-b px-3 py-2 last:border-b-0">
            <div className="flex items-baseline gap-2 font-mono text-[12px]">
              <b className="font-medium">{call.method}</b>
              <span className="min-w-0 flex-1 truncate" title={call.url}>
                {short(call.url)}
              </span>
              <span className={failed ? 'text-bad' : 'text-ok'}>{call.status ?? 'no answer'}</span>
              <span className="tabular w-16 text-right text-ink2">{duration(call.took)}</span>
              <span className="tabular w-16 text-right text-ink3 max-sm:hidden">{bytes(call.received)}</span>
            </div>
            <div className="mt-1.5 h-1.5 rounded-full bg-subtle" aria-hidden>
              <div
                className={`h-full min-w-0.5 rounded-full ${failed ? 'bg-bad' : 'bg-accent'}`}
                style={{ marginLeft: `${(call.at / end) * 100}%`, width: `${Math.max(0.5, (call.took / end) * 100)}%` }}
              />
            </div>
            <p className="sr-only">
              Began {duration(call.at)} after the start of the run.
            </p>
            {call.attempts !== undefined && call.attempts > 1 && <p className="mt-1 text-hint text-warn">Asked {call.attempts} times.</p>}
            {call.error && <pre className="mt-1 max-h-32 overflow-auto text-[11.5px] whitespace-pre-wrap text-bad">{call.error}</pre>}
          </li>
        );
      })}
    </ol>
  );
}
