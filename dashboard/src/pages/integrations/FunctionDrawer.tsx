import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { SquareTerminal } from 'lucide-react';
import type { ReactNode } from 'react';
import { codeQuery, type DeployedFunction } from '../../api/functions';
import { useCan, useEnvironment } from '../../shell/environment';
import { Badge } from '../../ui/Badge';
import { buttonClass } from '../../ui/Button';
import { Code } from '../../ui/Code';
import { CopyButton } from '../../ui/CopyButton';
import { Drawer } from '../../ui/Dialog';
import { Segmented } from '../../ui/Segmented';
import { ErrorState, Loading } from '../../ui/States';
import { Time } from '../../ui/Time';
import { RunDrawer } from '../runs/RunDrawer';
import { RunList } from '../runs/RunList';
import { kindWords } from '../runs/words';
import { FunctionVersions } from './FunctionVersions';
import { useIntegration } from './IntegrationPage';
import type { FunctionsSearch } from './routes';

/** A function: its code, what goes in and out, what was deployed of it, and its last runs. */
export function FunctionDrawer(props: { one: DeployedFunction | undefined; search: FunctionsSearch; onChange: (part: FunctionsSearch) => void; onClose: () => void }) {
  const { one, search } = props;
  const env = useEnvironment();
  const { key } = useIntegration();
  const can = useCan();
  const show = search.show ?? 'code';
  return (
    <Drawer
      open={one !== undefined}
      onClose={props.onClose}
      width={920}
      title={
        one && (
          <span className="flex items-center gap-2">
            <span className="truncate">{one.name}</span>
            <Badge>{kindWords[one.type] ?? one.type}</Badge>
          </span>
        )
      }
    >
      {one && (
        <div className="flex h-full flex-col gap-3">
          <div>
            {one.description && <p className="text-ink2">{one.description}</p>}
            <p className="text-hint text-ink3">
              Version {one.version}, deployed <Time at={one.last_deployed} />
            </p>
          </div>
          <div className="flex flex-wrap items-center gap-2">
            <div className="max-w-full overflow-x-auto">
              <Segmented
                label="What is shown of it"
                value={show}
                options={[
                  { value: 'code', label: 'Code' },
                  { value: 'input', label: one.type === 'sync' ? 'Configuration' : 'Input' },
                  { value: 'output', label: one.type === 'sync' ? 'Models' : 'Output' },
                  { value: 'versions', label: 'Versions' },
                  ...(can('environment:logs:read') ? [{ value: 'runs' as const, label: 'Runs' }] : []),
                ]}
                onChange={(next) => props.onChange({ show: next === 'code' ? undefined : next, version: undefined })}
              />
            </div>
            {one.type !== 'on-event' && (
              <Link
                to="/app/$env/playground"
                params={{ env }}
                search={{ integration: key, fn: `${one.type}:${one.name}` }}
                className={`${buttonClass('quiet', 'small')} ml-auto`}
              >
                <SquareTerminal size={14} aria-hidden /> Try it in the playground
              </Link>
            )}
          </div>
          <div className="flex min-h-72 flex-1 flex-col overflow-hidden rounded-card border">
            {show === 'code' && <Source one={one} />}
            {show === 'input' && <Schemas one={one} names={one.input ? [one.input] : []} empty={one.type === 'sync' ? 'It declares no configuration.' : 'It takes no input.'} />}
            {show === 'output' && <Schemas one={one} names={one.returns ?? []} empty="It declares no output." />}
            {show === 'versions' && <FunctionVersions one={one} version={search.version} onVersion={(version) => props.onChange({ version })} />}
            {show === 'runs' && <RunList filters={{ integration: key, function: one.name, kind: one.type }} onOpen={(run) => props.onChange({ ...search, run })} />}
          </div>
          <RunDrawer id={search.run} onClose={() => props.onChange({ ...search, run: undefined })} />
        </div>
      )}
    </Drawer>
  );
}

function Head({ text, children }: { text: string; children: ReactNode }) {
  return (
    <div className="flex shrink-0 items-center justify-between border-b px-3 py-1 text-hint text-ink3">
      {children}
      <CopyButton text={text} />
    </div>
  );
}

function Source({ one }: { one: DeployedFunction }) {
  const env = useEnvironment();
  const { key } = useIntegration();
  const query = useQuery(codeQuery(env, key, one.name, one.type));
  if (query.isPending) return <Loading what="the code" lines={10} />;
  if (query.isError) return <ErrorState title="The code did not load" error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <>
      <Head text={query.data}>
        <span className="font-mono">
          {key}/{one.type === 'on-event' ? 'on-events' : `${one.type}s`}/{one.name}.ts
        </span>
      </Head>
      <div className="min-h-0 flex-1">
        <Code label={`Code of ${one.name}`} value={query.data} language="typescript" readOnly />
      </div>
    </>
  );
}

function Schemas({ one, names, empty }: { one: DeployedFunction; names: string[]; empty: string }) {
  const known = names.flatMap((name) => {
    const schema = one.json_schema?.definitions?.[name];
    return schema ? [{ name, text: JSON.stringify(schema, null, 2) }] : [];
  });
  if (known.length === 0) return <p className="p-4 text-ink3">{empty}</p>;
  return (
    <div className="min-h-0 flex-1 divide-y overflow-auto" tabIndex={0} role="region" aria-label="Schemas">
      {known.map(({ name, text }) => (
        <div key={name}>
          <Head text={text}>
            <span className="font-mono">{name}</span>
          </Head>
          <Code label={`Schema ${name}`} value={text} readOnly />
        </div>
      ))}
    </div>
  );
}
