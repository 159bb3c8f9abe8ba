import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleStop } from 'lucide-react';
import type { ReactNode } from 'react';
import { cancelRun, runQuery, type RunDetail } from '../../api/runs';
import { useCan, useEnvironment } from '../../shell/environment';
import { Status } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { CopyButton } from '../../ui/CopyButton';
import { Drawer } from '../../ui/Dialog';
import { ErrorState, Loading } from '../../ui/States';
import { duration, Time } from '../../ui/Time';
import { toast, toastError } from '../../ui/Toasts';
import { Lines, Part } from './Part';
import { RunAgain } from './RunAgain';
import { RunFailure } from './RunFailure';
import { callsOf } from './calls';
import { Timeline } from './Timeline';
import { kindWords, number, plural, statusIcon, statusWords } from './words';

/** Everything about one run, at the right edge. */
export function RunDrawer({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const env = useEnvironment();
  const query = useQuery({ ...runQuery(env, id ?? ''), enabled: id !== undefined });
  const run = query.data;
  return (
    <Drawer
      open={id !== undefined}
      onClose={onClose}
      width={760}
      title={
        run ? (
          <span className="flex items-center gap-2">
            <span className="truncate">{run.function}</span>
            <Status state={statusIcon(run.status)}>{statusWords[run.status] ?? run.status}</Status>
          </span>
        ) : (
          'Run'
        )
      }
    >
      {query.isError ? (
        <ErrorState title="The run did not load" error={query.error} onRetry={() => void query.refetch()} />
      ) : run ? (
        <Details run={run} />
      ) : (
        <Loading what="the run" lines={8} />
      )}
    </Drawer>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-hint text-ink3">{name}</dt>
      <dd className="truncate">{children}</dd>
    </div>
  );
}

function Details({ run }: { run: RunDetail }) {
  const env = useEnvironment();
  const can = useCan();
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => cancelRun(env, run.id),
    onSuccess: () => {
      toast('The run is cancelled.');
      void queries.invalidateQueries({ queryKey: ['runs', env] });
    },
    onError: (error) => toastError('The run was not cancelled', error),
  });
  const going = run.status === 'queued' || run.status === 'running';
  const calls = callsOf(run);
  const read = run.configuration?.paths_read;
  const customer = `/app/${encodeURIComponent(env)}/connections/${encodeURIComponent(run.provider_config_key)}/${encodeURIComponent(run.connection_id)}`;
  return (
    <>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-3">
        <Fact name="Customer">
          <Link to={customer as string} className="text-accent-text hover:underline">
            {run.connection_id}
          </Link>
        </Fact>
        <Fact name="Integration">
          <Link to={`/app/${encodeURIComponent(env)}/integrations/${encodeURIComponent(run.provider_config_key)}` as string} className="text-accent-text hover:underline">
            {run.provider_config_key}
          </Link>
        </Fact>
        <Fact name="Kind">
          {kindWords[run.kind] ?? run.kind}
          {run.version && <span className="text-ink3"> · version {run.version}</span>}
        </Fact>
        <Fact name="Asked for">
          <Time at={run.created_at} />
        </Fact>
        <Fact name="Took">
          {run.duration_ms === null || run.duration_ms === undefined ? '–' : duration(run.duration_ms)}
          {run.max_attempts > 1 && (
            <span className="text-ink3">
              {' '}
              · {run.attempts} of {plural(run.max_attempts, 'attempt')}
            </span>
          )}
        </Fact>
        <Fact name="Configuration">
          {run.metadata_revision ? (
            <Link to={`${customer}/configuration` as string} className="text-accent-text hover:underline">
              revision {run.metadata_revision}
            </Link>
          ) : (
            <span className="text-ink3">none</span>
          )}
        </Fact>
      </dl>
      <p className="mt-3 flex items-center gap-1 font-mono text-hint text-ink3">
        {run.id}
        <CopyButton text={run.id} label="Copy the run's id" />
        {going && can('environment:runs:cancel') && (
          <Button look="danger" size="small" className="ml-auto font-sans" icon={<CircleStop size={14} aria-hidden />} busy={cancel.isPending} onClick={() => cancel.mutate()}>
            Cancel run
          </Button>
        )}
      </p>
      {run.error && <RunFailure run={run} />}
      {Object.keys(run.counts ?? {}).length > 0 && (
        <Part title="Records">
          <table className="w-full">
            <thead>
              <tr className="border-b text-left text-hint text-ink3">
                <th className="py-1 font-normal">Model</th>
                <th className="py-1 text-right font-normal">Added</th>
                <th className="py-1 text-right font-normal">Updated</th>
                <th className="py-1 text-right font-normal">Deleted</th>
              </tr>
            </thead>
            <tbody>
              {Object.entries(run.counts).map(([model, one]) => (
                <tr key={model} className="tabular border-b">
                  <td className="py-1.5">{model}</td>
                  <td className="py-1.5 text-right">{number.format(one.added ?? 0)}</td>
                  <td className="py-1.5 text-right">{number.format(one.updated ?? 0)}</td>
                  <td className="py-1.5 text-right">{number.format(one.deleted ?? 0)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Part>
      )}
      <Part title="HTTP calls" hint={calls.length > 0 ? plural(calls.length, 'call') : undefined}>
        {calls.length > 0 ? <Timeline calls={calls} /> : <p className="text-ink3">{going ? 'None yet.' : 'It made none.'}</p>}
      </Part>
      <Part title="Configuration that it read" hint={run.configuration?.paths_cut ? 'The first 500' : undefined}>
        {read && read.length > 0 ? (
          <ul className="flex flex-wrap gap-1.5">
            {read.map((path) => (
              <li key={path} className="rounded-badge bg-subtle px-1.5 py-0.5 font-mono text-[11.5px]">
                {path || '(all of it)'}
              </li>
            ))}
          </ul>
        ) : (
          <p className="text-ink3">{read ? 'It read none.' : 'Known once the run has ended.'}</p>
        )}
      </Part>
      {(run.kind === 'sync' || run.kind === 'action') && can('environment:connections:update') && can('environment:records:read') && <RunAgain run={run} />}
      <Part title="Log" hint={run.has_more_logs ? 'The last 500 lines' : undefined}>
        {run.logs.length === 0 ? (
          <p className="text-ink3">Nothing was written.</p>
        ) : (
          <Lines lines={run.logs} />
        )}
      </Part>
    </>
  );
}
