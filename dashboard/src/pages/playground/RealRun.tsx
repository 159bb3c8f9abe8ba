import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { runQuery } from '../../api/runs';
import { useEnvironment } from '../../shell/environment';
import { Status } from '../../ui/Badge';
import { ErrorState, Loading } from '../../ui/States';
import { duration } from '../../ui/Time';
import { Lines, Output, Part } from '../runs/Part';
import { RunFailure } from '../runs/RunFailure';
import { Changes } from '../runs/RunList';
import { callsOf } from '../runs/calls';
import { Timeline } from '../runs/Timeline';
import { changes, plural, statusIcon, statusWords } from '../runs/words';

/** What came of a run that was started here: its output, calls and log, while it goes on too. */
export function RealRun({ id, output, hasOutput }: { id: string | undefined; output: unknown; hasOutput: boolean }) {
  const env = useEnvironment();
  const query = useQuery({ ...runQuery(env, id ?? ''), enabled: id !== undefined });
  if (id === undefined) return <p className="text-ink2">It is queued, and runs once its turn comes.</p>;
  if (query.isPending) return <Loading what="the run" />;
  if (query.isError) return <ErrorState title="The run did not load" error={query.error} onRetry={() => void query.refetch()} />;
  const run = query.data;
  const calls = callsOf(run);
  const { added, updated, deleted } = changes(run);
  return (
    <div className="space-y-4">
      <p role="status" className="flex flex-wrap items-center gap-2">
        <Status state={statusIcon(run.status)}>{statusWords[run.status] ?? run.status}</Status>
        {run.duration_ms !== null && run.duration_ms !== undefined && <span className="text-ink2">in {duration(run.duration_ms)}</span>}
        {added + updated + deleted > 0 && <Changes run={run} />}
        <Link to="/app/$env/runs" params={{ env }} search={{ run: id }} className="ml-auto text-accent-text hover:underline">
          Open the run
        </Link>
      </p>
      {run.error && <RunFailure run={run} />}
      {hasOutput && run.status === 'succeeded' && <Output value={output} />}
      {calls.length > 0 && (
        <Part small title={plural(calls.length, 'HTTP call')}>
          <Timeline calls={calls} />
        </Part>
      )}
      <Part small title="Log">
        <Lines lines={run.logs} />
      </Part>
    </div>
  );
}
