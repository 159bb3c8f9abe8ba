import type { RecordChange, Report } from '../../api/dryRuns';
import { Status } from '../../ui/Badge';
import { duration } from '../../ui/Time';
import { Level } from './LogList';
import { Output, Part } from './Part';
import { Timeline } from './Timeline';
import { plural } from './words';

/** How many records are shown; the counts tell of all. */
const SHOWN = 50;

/** What came of a run that wrote nothing. */
export function RunReport({ report }: { report: Report }) {
  const { counts, error } = report;
  const differ = counts.added + counts.changed + counts.removed;
  const isAboutRecords = differ + counts.unchanged > 0;
  return (
    <div className="space-y-4">
      <p role="status" className="flex flex-wrap items-center gap-2">
        <Status state={report.succeeded ? 'ok' : 'bad'}>{report.succeeded ? 'Succeeded' : 'Failed'}</Status>
        <span className="text-ink2">in {duration(report.duration_ms)}. Nothing was written.</span>
        {isAboutRecords && (
          <span>
            {plural(counts.changed, 'record')} changed, {counts.added} added, {counts.removed} removed, {counts.unchanged} the same.
          </span>
        )}
      </p>
      {error && (
        <div className="rounded-card border border-bad bg-bad-soft px-4 py-3 text-bad">
          <p className="font-medium break-words">{error.message ?? error.code}</p>
          {error.stack && <pre className="mt-1 overflow-x-auto text-[12px] leading-5">{error.stack}</pre>}
        </div>
      )}
      {[...report.problems.map(({ message }) => message), ...report.warnings].map((text, index) => (
        <p key={index} className="rounded-control bg-warn-soft px-3 py-1.5 text-warn">
          {text}
        </p>
      ))}
      {report.output !== null && report.output !== undefined && <Output value={report.output} />}
      {report.records.length > 0 && <Records records={report.records} more={report.records_left_out} />}
      {report.blocked_calls.length > 0 && (
        <Part small title={`${plural(report.blocked_calls.length, 'write')} held back`}>
          <ul className="rounded-card border">
            {report.blocked_calls.map((call, index) => (
              <li key={index} className="truncate border-b px-3 py-1.5 font-mono text-[12px] last:border-b-0">
                <b className="font-medium">{call.method}</b> {call.url}
              </li>
            ))}
          </ul>
        </Part>
      )}
      {report.calls.length > 0 && (
        <Part small title={plural(report.calls.length, 'HTTP call')}>
          <Timeline
            calls={report.calls.map((call, index) => ({
              id: String(index),
              at: call.at_ms,
              took: call.duration_ms,
              method: call.method,
              url: call.url,
              status: call.status,
              error: call.error ?? undefined,
              received: call.received_bytes,
            }))}
          />
        </Part>
      )}
      {report.logs && report.logs.length > 0 && (
        <Part small title="Log">
          <ol className="rounded-card border">
            {report.logs.map((line, index) => (
              <li key={index} className="flex items-start gap-3 border-b px-3 py-1.5 last:border-b-0">
                <span className="tabular w-16 text-right font-mono text-[11.5px] text-ink3">{duration(line.at_ms)}</span>
                <Level level={line.level} />
                <span className="min-w-0 font-mono text-[12px] break-words">{line.message}</span>
              </li>
            ))}
          </ol>
        </Part>
      )}
    </div>
  );
}

const shown = (value: unknown) => (value === undefined || value === null ? 'empty' : typeof value === 'string' ? value : JSON.stringify(value));
const tones = { added: 'text-ok', changed: 'text-accent-text', removed: 'text-bad' };

/** Records before and after: of each, only the fields that differ. */
function Records({ records, more }: { records: RecordChange[]; more: number }) {
  const hidden = Math.max(0, records.length - SHOWN) + more;
  return (
    <Part small title="Records that would differ">
      <div className="overflow-x-auto rounded-card border">
        <table className="w-full">
          <thead>
            <tr className="border-b text-left text-hint text-ink3">
              <th className="px-3 py-1.5 font-normal">Record</th>
              <th className="px-3 py-1.5 font-normal">Would be</th>
              <th className="px-3 py-1.5 font-normal">Field</th>
              <th className="px-3 py-1.5 font-normal">Before</th>
              <th className="px-3 py-1.5 font-normal">After</th>
            </tr>
          </thead>
          <tbody>
            {records.slice(0, SHOWN).flatMap((record) => {
              const { before, after } = record;
              const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
              const differing = names.filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]));
              return differing.map((name, index) => (
                <tr key={`${record.model}-${record.id}-${name}`} className="border-b align-top last:border-b-0">
                  <td className="px-3 py-1.5">{index === 0 && `${record.model ?? ''} ${record.id}`}</td>
                  <td className={`px-3 py-1.5 ${tones[record.change]}`}>{index === 0 && record.change}</td>
                  <td className="px-3 py-1.5 font-mono text-[12px]">{name}</td>
                  <td className="px-3 py-1.5 text-ink3">
                    <s>{shown(before?.[name])}</s>
                  </td>
                  <td className="px-3 py-1.5">{shown(after?.[name])}</td>
                </tr>
              ));
            })}
          </tbody>
        </table>
      </div>
      {hidden > 0 && <p className="mt-1 text-hint text-ink3">And {plural(hidden, 'record')} more.</p>}
    </Part>
  );
}
