import { useQuery } from '@tanstack/react-query';
import { ArrowLeft } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { codeQuery, versionsQuery, type DeployedFunction } from '../../api/functions';
import { useEnvironment } from '../../shell/environment';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Code } from '../../ui/Code';
import { Row, Rows } from '../../ui/Rows';
import { Segmented } from '../../ui/Segmented';
import { ErrorState, Loading } from '../../ui/States';
import { Time } from '../../ui/Time';
import { useIntegration } from './IntegrationPage';

const CodeDiff = lazy(() => import('./CodeDiff'));

/** What was deployed of a function, and an earlier version beside the one that counts now. */
export function FunctionVersions({ one, version, onVersion }: { one: DeployedFunction; version?: number; onVersion: (version: number | undefined) => void }) {
  const env = useEnvironment();
  const { key } = useIntegration();
  const { data, error, isPending, refetch } = useQuery(versionsQuery(env, key, one));
  if (isPending) return <Loading what="the versions" />;
  if (error) return <ErrorState title="The versions did not load" error={error} onRetry={() => void refetch()} />;
  if (version !== undefined) return <Earlier key={version} one={one} id={version} name={data.find(({ id }) => id === version)?.version} onBack={() => onVersion(undefined)} />;
  return (
    <div tabIndex={0} role="region" aria-label="Versions" className="min-h-0 flex-1 overflow-auto">
      <Rows label="Versions">
        {data.map(({ id, version: name, deployed_at, is_current }) => (
          <Row
            key={id}
            title={<code className="text-code">{name}</code>}
            badge={is_current && <Badge tone="ok">now</Badge>}
            actions={
              !is_current && (
                <Button size="small" onClick={() => onVersion(id)} aria-label={`Compare with now: version ${name}`}>
                  Compare with now
                </Button>
              )
            }
          >
            deployed <Time at={deployed_at} />
          </Row>
        ))}
      </Rows>
      {data.length === 1 && <p className="border-t px-4 py-3 text-ink2">It was deployed once. Each deploy that changes it adds a version here.</p>}
    </div>
  );
}

/** An earlier version: what has changed since, or its code alone. */
function Earlier({ one, id, name: version = 'unknown', onBack }: { one: DeployedFunction; id: number; name?: string; onBack: () => void }) {
  const env = useEnvironment();
  const { key } = useIntegration();
  const [alone, setAlone] = useState(false);
  const then = useQuery(codeQuery(env, key, one.name, one.type, id));
  const now = useQuery(codeQuery(env, key, one.name, one.type));
  const error = then.error ?? now.error;
  return (
    <>
      <div className="flex shrink-0 flex-wrap items-center gap-2 border-b px-3 py-1.5">
        <Button look="quiet" size="small" icon={<ArrowLeft size={14} aria-hidden />} onClick={onBack}>
          Versions
        </Button>
        <span className="min-w-0 flex-1 truncate">
          <code className="text-code">{version}</code> <span className="text-ink3">{alone ? '' : `→ ${one.version}`}</span>
        </span>
        <Segmented
          label="What is shown of the version"
          value={alone ? 'code' : 'changes'}
          options={[
            { value: 'changes', label: 'Changed since' },
            { value: 'code', label: 'Its code' },
          ]}
          onChange={(value) => setAlone(value === 'code')}
        />
      </div>
      {error ? (
        <ErrorState title="The code did not load" error={error} />
      ) : then.data === undefined || now.data === undefined ? (
        <Loading what="the code" lines={10} />
      ) : alone ? (
        <div className="min-h-0 flex-1">
          <Code label={`Code of ${one.name}, version ${version}`} value={then.data} language="typescript" readOnly />
        </div>
      ) : then.data === now.data ? (
        <p className="p-4 text-ink2">The code is the same; something that it imports, or its settings, have changed.</p>
      ) : (
        <div className="min-h-0 flex-1">
          <Suspense fallback={<Loading what="what differs" />}>
            <CodeDiff before={then.data} after={now.data} label={`What changed in ${one.name} since version ${version}`} />
          </Suspense>
        </div>
      )}
    </>
  );
}
