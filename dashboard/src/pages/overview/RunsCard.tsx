import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { newestRunsQuery, type Period } from '../../api/activity';
import { useEnvironment } from '../../shell/environment';
import { Status } from '../../ui/Badge';
import { buttonClass } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorState, Loading } from '../../ui/States';
import { duration, Time } from '../../ui/Time';
import { statusIcon, statusWords } from '../runs/words';

/** The newest runs, of one state or of any; each opens where all of them are. */
export function RunsCard({ title, of, empty }: { title: string; of: { period: Period; integration?: string; status?: string }; empty: string }) {
  const environment = useEnvironment();
  const { data, error, refetch } = useQuery(newestRunsQuery(environment, of));
  const all = { status: of.status, integration: of.integration, since: of.period };
  return (
    <Card
      title={title}
      flush
      actions={
        <Link to="/app/$env/runs" params={{ env: environment }} search={all} className={buttonClass('quiet', 'small')} aria-label={`Open all: ${title}`}>
          Open all
        </Link>
      }
    >
      {!data ? (
        error ? (
          <ErrorState title="The runs did not load" error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading what="the runs" />
        )
      ) : data.length === 0 ? (
        <p className="px-4 py-3 text-ink2">{empty}</p>
      ) : (
        <ul className="divide-y">
          {data.map((run) => (
            <li key={run.id}>
              <Link to="/app/$env/runs" params={{ env: environment }} search={{ ...all, run: run.id }} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 hover:bg-hover">
                <Status state={statusIcon(run.status)}>{statusWords[run.status] ?? run.status}</Status>
                <span className="min-w-0 flex-1 basis-40">
                  <span className="font-medium">{run.function}</span> <span className="text-ink3">{run.connection_id}</span>
                  {run.error?.message && <span className="block truncate text-hint text-ink2">{run.error.message}</span>}
                </span>
                <span className="text-right text-hint text-ink3">
                  {run.duration_ms != null && `${duration(run.duration_ms)} · `}
                  <Time at={run.created_at} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
