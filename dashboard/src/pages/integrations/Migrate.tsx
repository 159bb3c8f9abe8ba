import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { fleetQuery } from '../../api/fleet';
import { migrate } from '../../api/integrations';
import { useCan } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ProgressBar } from '../../ui/ProgressBar';
import { plural } from '../runs/words';
import { useIntegration } from './IntegrationPage';

/** So many of those that need a hand are named. */
const NAMED = 10;

/** Brings customers of an older version of the schema to the newest one. Shown only where there are any. */
export function Migrate() {
  const { env, key } = useIntegration();
  const can = useCan();
  const queries = useQueryClient();
  const { data: fleet } = useQuery(fleetQuery(env, key, { runs: 1 }));
  const [done, setDone] = useState<{ seen: number; broken: string[]; running: boolean; error?: string }>();
  const stop = useRef<AbortController>(null);
  const outdated = fleet?.outdated ?? 0;
  if (outdated === 0 && !done) return null;
  const run = async () => {
    stop.current = new AbortController();
    let seen = 0;
    const broken: string[] = [];
    let cursor: string | undefined;
    let error: string | undefined;
    setDone({ seen, broken, running: true });
    try {
      do {
        const page = await migrate(env, key, cursor, stop.current.signal);
        seen += page.connections.length;
        broken.push(...page.connections.filter(({ outcome }) => outcome === 'broken').map(({ connection_id }) => connection_id));
        cursor = page.next_cursor ?? undefined;
        setDone({ seen, broken: [...broken], running: true });
      } while (cursor && !stop.current.signal.aborted);
    } catch (cause) {
      if (!stop.current.signal.aborted) error = cause instanceof Error ? cause.message : String(cause);
    }
    setDone({ seen, broken, running: false, error });
    void queries.invalidateQueries({ queryKey: ['fleet', env, key] });
  };
  return (
    <Card title="Migration">
      {done ? (
        <>
          <ProgressBar label="Migrated" value={done.seen} of={Math.max(done.seen, done.seen + (done.running ? outdated - done.seen : 0))} />
          <p role="status" className="mt-2 text-ink2">
            {plural(done.seen, 'customer')} looked at{done.broken.length > 0 && `, ${done.broken.length} cannot be migrated by itself`}.
          </p>
          {done.broken.length > 0 && (
            <ul aria-label="Customers to be mended by hand" className="mt-1 flex flex-wrap gap-x-3">
              {done.broken.slice(0, NAMED).map((connection) => (
                <li key={connection}>
                  <Link
                    to="/app/$env/connections/$integration/$connection/configuration"
                    params={{ env, integration: key, connection }}
                    className="font-mono text-hint text-accent-text hover:underline"
                  >
                    {connection}
                  </Link>
                </li>
              ))}
              {done.broken.length > NAMED && <li className="text-hint text-ink3">and {done.broken.length - NAMED} more</li>}
            </ul>
          )}
          {done.error && (
            <p role="alert" className="mt-1 text-bad">
              {done.error}
            </p>
          )}
          {done.running && (
            <Button className="mt-3" onClick={() => stop.current?.abort()}>
              Stop
            </Button>
          )}
        </>
      ) : (
        <>
          <p className="text-ink2">
            The configuration of <b>{plural(outdated, 'customer')}</b> is of an older version of the schema. The server migrates them by itself, little by little.
          </p>
          {can('environment:deploy') && (
            <Button className="mt-3" onClick={() => void run()}>
              Migrate them now
            </Button>
          )}
        </>
      )}
    </Card>
  );
}
