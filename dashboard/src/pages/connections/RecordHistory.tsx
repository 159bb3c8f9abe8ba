import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { At } from '../../api/connections';
import { versionsQuery, type FieldChange, type RecordVersion } from '../../api/records';
import { ErrorState, Loading } from '../../ui/States';
import { Time } from '../../ui/Time';
import { LastAction } from './RecordTable';
import { dotted } from './search';
import { plural } from './words';

/** A record that comes is new in all its fields, and one that goes loses all: so many are shown at once. */
const few = 6;

/** What happened to a record, field by field: when, in which run, under which configuration. */
export function RecordHistory({ at, model, variant, id }: { at: At; model: string; variant: string; id: string }) {
  const { data, error, isPending, refetch } = useQuery(versionsQuery(at, { model, variant }, id));
  return (
    <section aria-label="What happened to it">
      <h3 className="mb-1 font-medium">What happened to it</h3>
      {isPending && <Loading what="its history" />}
      {error && <ErrorState title="Its history did not load" error={error} onRetry={() => void refetch()} />}
      {data?.length === 0 && <p className="text-ink2">Nothing is kept of it. The next change is noted here.</p>}
      {data && data.length > 0 && (
        <ol className="divide-y rounded-card border">
          {data.map((version, index) => (
            // Two versions may be of one moment.
            <Version key={`${version.changed_at} ${index}`} at={at} version={version} />
          ))}
        </ol>
      )}
    </section>
  );
}

const linkClass = 'text-accent-text underline decoration-control underline-offset-2 hover:decoration-current';

function Version({ at, version }: { at: At; version: RecordVersion }) {
  const { changes, run_id, metadata_revision: revision } = version;
  const rest = changes.slice(few);
  return (
    <li className="px-3 py-2.5">
      <p className="flex flex-wrap items-baseline gap-x-2 text-hint text-ink3">
        <LastAction action={version.action} />
        <Time at={version.changed_at} />
        {run_id && (
          <Link to="/app/$env/connections/$integration/$connection/runs" params={at} search={{ run: run_id }} className={linkClass}>
            its run
          </Link>
        )}
        {revision ? (
          <Link to="/app/$env/connections/$integration/$connection/configuration" params={at} search={{ side: 'history', compare: `${revision - 1}..${revision}` }} className={linkClass}>
            revision {revision}
          </Link>
        ) : (
          <span>without a configuration</span>
        )}
      </p>
      {changes.length > 0 && <Changes action={version.action} changes={changes.slice(0, few)} />}
      {rest.length > 0 && (
        <details>
          <summary className="mt-1 cursor-pointer text-hint text-ink2">{plural(rest.length, 'more field')}</summary>
          <Changes action={version.action} changes={rest} />
        </details>
      )}
    </li>
  );
}

function Changes({ action, changes }: { action: RecordVersion['action']; changes: readonly FieldChange[] }) {
  return (
    <dl className="mt-1.5 grid grid-cols-[minmax(90px,160px)_minmax(0,1fr)] gap-x-3 gap-y-1">
      {changes.map((change) => (
        <div key={change.path} className="contents">
          <dt className="truncate font-mono text-[12px] leading-5 text-ink2" title={change.path}>
            {dotted(change.path) || 'everything'}
          </dt>
          <dd className="min-w-0 break-words">
            {action === 'UPDATED' && (
              <>
                <span className="sr-only">before: </span>
                <s className="text-ink3">
                  <Value value={change.before} />
                </s>{' '}
                <span aria-hidden className="text-ink3">
                  →{' '}
                </span>
                <span className="sr-only">after: </span>
              </>
            )}
            <Value value={action === 'DELETED' ? change.before : change.after} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ value }: { value: unknown }) {
  if (value === undefined) return <span className="text-ink3">not there</span>;
  if (value === null || value === '') return <span className="text-ink3">empty</span>;
  return typeof value === 'string' ? value : <code className="text-[12px]">{JSON.stringify(value)}</code>;
}
