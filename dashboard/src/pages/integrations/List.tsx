import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Blocks, Plus } from 'lucide-react';
import { fleetQuery } from '../../api/fleet';
import { integrationsQuery, schemaQuery, type Integration } from '../../api/integrations';
import { useCan, useEnvironment } from '../../shell/environment';
import { Page } from '../../shell/Page';
import { Badge, Status } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { plural } from '../runs/words';
import { IntegrationMark } from '../connections/Mark';
import { AddIntegration } from './AddIntegration';
import { modeWords } from './modes';

/** The integrations of the environment: how many customers, and how many of them need somebody. */
export default function Integrations() {
  const env = useEnvironment();
  const can = useCan();
  const { add } = useSearch({ from: '/app/$env/integrations/' });
  const navigate = useNavigate();
  const query = useQuery(integrationsQuery(env));
  const show = (add: string | undefined) => void navigate({ to: '/app/$env/integrations', params: { env }, search: { add } });
  const button = can('environment:integrations:create') && (
    <Button look="primary" icon={<Plus size={15} aria-hidden />} onClick={() => show('')}>
      Add integration
    </Button>
  );
  return (
    <Page title="Integrations" hint="A provider that your customers connect, with your functions and the configuration of each customer." actions={button}>
      {query.isPending ? (
        <Loading what="the integrations" />
      ) : query.isError ? (
        <ErrorState title="The integrations did not load" error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data.length === 0 ? (
        <EmptyState icon={<Blocks size={24} aria-hidden />} title="No integrations yet" action={button}>
          Add the first one from the catalogue; then customers can connect, and functions be deployed.
        </EmptyState>
      ) : (
        <ul aria-label="Integrations" className="divide-y rounded-card border bg-surface">
          {query.data.map((one) => (
            <Row key={one.unique_key} one={one} />
          ))}
        </ul>
      )}
      {can('environment:integrations:create') && <AddIntegration provider={add} onChoose={show} />}
    </Page>
  );
}

function Row({ one }: { one: Integration }) {
  const env = useEnvironment();
  const key = one.unique_key;
  const { data: fleet } = useQuery(fleetQuery(env, key, { runs: 1 }));
  const { data: schema } = useQuery(schemaQuery(env, key));
  const trouble = fleet ? Math.max(fleet.invalid, fleet.outdated) : 0;
  return (
    <li className="relative flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-3 hover:bg-hover">
      <div className="flex min-w-0 flex-1 basis-64 items-center gap-3">
        <IntegrationMark name={one.display_name} />
        <div className="min-w-0">
          <Link to="/app/$env/integrations/$key" params={{ env, key }} className="font-medium after:absolute after:inset-0">
            {one.display_name}
          </Link>
          <p className="truncate text-hint text-ink3">
            <span className="font-mono">{key}</span> · {one.provider}
          </p>
        </div>
      </div>
      <div className="tabular w-32 text-ink2">{fleet ? plural(fleet.connections, 'customer') : ''}</div>
      <div className="w-40">
        {trouble > 0 ? (
          <Status state="warn">{trouble === 1 ? '1 needs attention' : `${trouble} need attention`}</Status>
        ) : (
          fleet && fleet.connections > 0 && <Status state="ok">OK</Status>
        )}
      </div>
      <div className="flex w-52 items-center gap-2 text-hint text-ink2">
        {schema &&
          (schema.schema ? (
            <>
              <span>{schema.version ? `Schema v${schema.version}` : 'Schema of the functions'}</span>
              <Badge tone={schema.mode === 'enforce' ? 'accent' : 'neutral'}>{modeWords[schema.mode].label}</Badge>
            </>
          ) : (
            <span className="text-ink3">No schema</span>
          ))}
      </div>
    </li>
  );
}
