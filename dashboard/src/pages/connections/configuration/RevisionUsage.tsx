import { Link } from '@tanstack/react-router';
import type { Connection, Revision } from '../../../api/configuration';
import { plural } from '../words';

const linkClass = 'text-accent-text underline decoration-control underline-offset-2 hover:decoration-current';

/** What came of a revision: its runs and the records that they changed, each a way there. */
export function RevisionUsage({ at, revision: { revision, usage } }: { at: Connection; revision: Revision }) {
  if (!usage || usage.runs === 0) return null;
  const changed = usage.added + usage.updated + usage.deleted;
  const params = { env: at.environment, integration: at.providerConfigKey, connection: at.connectionId };
  return (
    <p className="tabular mt-1.5 text-hint text-ink3">
      <Link to="/app/$env/connections/$integration/$connection/runs" params={params} search={{ revision }} className={linkClass}>
        {plural(usage.runs, 'run')}
      </Link>
      {' · '}
      {changed === 0 ? (
        'no record changed'
      ) : (
        <Link
          to="/app/$env/connections/$integration/$connection/records"
          params={params}
          search={{ revision }}
          title={`${usage.added} added, ${usage.updated} updated, ${usage.deleted} deleted`}
          className={linkClass}
        >
          {plural(changed, 'record')} changed
        </Link>
      )}
    </p>
  );
}
