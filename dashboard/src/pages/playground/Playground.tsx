import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { FlaskConical, Play } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { call } from '../../api/call';
import { dryRun, type Report } from '../../api/dryRuns';
import { functionsQuery, inputSchema, runAction, runSync, skeleton, type DeployedFunction } from '../../api/functions';
import { integrationsQuery } from '../../api/integrations';
import { newestRun, preview } from '../../api/runs';
import { useCan, useEnvironment } from '../../shell/environment';
import { Page } from '../../shell/Page';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Code } from '../../ui/Code';
import { Combobox } from '../../ui/Combobox';
import { Select } from '../../ui/Select';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { syntaxOf } from './syntax';
import { RunReport } from '../runs/RunReport';
import { kindWords } from '../runs/words';
import { RealRun } from './RealRun';

interface Customer {
  connection_id: string;
  end_user?: { display_name?: string | null; email?: string | null } | null;
}

/** Runs a function for a customer by hand: without writing anything, or for real. */
export default function Playground() {
  const env = useEnvironment();
  const search = useSearch({ from: '/app/$env/playground' });
  const navigate = useNavigate();
  const integrations = useQuery(integrationsQuery(env));
  const key = search.integration ?? integrations.data?.[0]?.unique_key ?? '';
  const functions = useQuery({ ...functionsQuery(env, key), enabled: key !== '' });
  const choices = (functions.data ?? []).filter(({ type }) => type !== 'on-event');
  const chosen = choices.find(({ type, name }) => `${type}:${name}` === search.fn);
  const go = (part: typeof search) => void navigate({ to: '/app/$env/playground', params: { env }, search: { ...search, ...part }, replace: true });
  return (
    <Page title="Playground" hint="Run a function for a customer. A dry run reads from the provider and writes nothing.">
      {integrations.isPending ? (
        <Loading what="the integrations" />
      ) : integrations.isError ? (
        <ErrorState title="The integrations did not load" error={integrations.error} onRetry={() => void integrations.refetch()} />
      ) : integrations.data.length === 0 ? (
        <EmptyState icon={<FlaskConical size={24} aria-hidden />} title="Nothing to run yet">
          Add an integration, deploy a function and connect a customer; then it can be tried here.
        </EmptyState>
      ) : (
        <>
          <div className="grid gap-3 sm:grid-cols-3">
            <div>
              <p className="mb-1 font-medium" aria-hidden>
                Integration
              </p>
              <Select
                label="Integration"
                className="w-full"
                value={key}
                options={integrations.data.map(({ unique_key, display_name }) => ({ value: unique_key, label: display_name, hint: unique_key }))}
                onChange={(integration) => go({ integration, customer: undefined, fn: undefined })}
              />
            </div>
            <CustomerPicker integration={key} value={search.customer} onChange={(customer) => go({ integration: key, customer })} />
            <div>
              <p className="mb-1 font-medium" aria-hidden>
                Function
              </p>
              <Select
                label="Function"
                className="w-full"
                value={search.fn ?? ''}
                options={[
                  ...(search.fn ? [] : [{ value: '', label: choices.length > 0 ? 'Choose a function' : 'No function is deployed' }]),
                  ...choices.map(({ type, name, description }) => ({ value: `${type}:${name}`, label: `${name} (${kindWords[type]?.toLowerCase()})`, hint: description ?? undefined })),
                ]}
                onChange={(fn) => go({ integration: key, fn: fn || undefined })}
              />
            </div>
          </div>
          {chosen && search.customer ? (
            <Bench key={`${key} ${search.fn}`} integration={key} customer={search.customer} one={chosen} />
          ) : (
            <EmptyState icon={<FlaskConical size={24} aria-hidden />} title={search.customer ? 'Choose a function' : 'Choose a customer and a function'}>
              Its input, and what came of it, appear here.
            </EmptyState>
          )}
        </>
      )}
    </Page>
  );
}

function CustomerPicker(props: { integration: string; value: string | undefined; onChange: (id: string | undefined) => void }) {
  const env = useEnvironment();
  const id = useId();
  const [typed, setTyped] = useState('');
  const sought = typed === props.value ? '' : typed;
  const { data } = useQuery({
    queryKey: ['playground', env, 'customers', props.integration, sought],
    queryFn: ({ signal }) =>
      call<{ connections: Customer[] }>('GET', '/connections', {
        environment: env,
        signal,
        query: { integrationId: props.integration, search: sought, limit: 50 },
      }),
    placeholderData: (old) => old,
    enabled: props.integration !== '',
  });
  const found = data?.connections ?? [];
  const value = props.value ? (found.find(({ connection_id }) => connection_id === props.value) ?? { connection_id: props.value }) : null;
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">
        Customer
      </label>
      <Combobox
        id={id}
        label="Customer"
        items={found}
        value={value}
        text={({ connection_id }) => connection_id}
        row={({ connection_id, end_user }) => (
          <>
            {end_user?.display_name ?? connection_id}
            <span className="block text-hint text-ink3">
              {connection_id}
              {end_user?.email && ` · ${end_user.email}`}
            </span>
          </>
        )}
        placeholder="Search by name or id"
        empty="No customer fits."
        onSearch={setTyped}
        onChange={(one) => props.onChange(one?.connection_id)}
      />
    </div>
  );
}

function Bench({ integration, customer, one }: { integration: string; customer: string; one: DeployedFunction }) {
  const env = useEnvironment();
  const can = useCan();
  const schema = inputSchema(one);
  const [text, setText] = useState(() => JSON.stringify(skeleton(schema), null, 2));
  const stop = useRef<AbortController>(null);
  const error = useId();
  const problem = schema ? syntaxOf(text) : undefined;
  const input = () => (schema ? (JSON.parse(text) as unknown) : null);
  const dry = useMutation({
    mutationFn: (): Promise<Report> => {
      stop.current = new AbortController();
      const { signal } = stop.current;
      // Whoever may not deploy may still preview: the same without the log.
      if (!can('environment:deploy')) return preview(env, { integration, customer, kind: one.type, function: one.name, input: input() }, signal);
      return dryRun(env, { integration, kind: one.type, name: one.name, customer, input: input() }, signal);
    },
  });
  const real = useMutation({
    mutationFn: async () => {
      const of = { integration, customer, function: one.name };
      const before = await newestRun(env, of);
      let output: unknown;
      let failed: Error | undefined;
      try {
        if (one.type === 'action') output = await runAction(env, { integration, customer, name: one.name, input: input() });
        else await runSync(env, { integration, customer, name: one.name });
      } catch (cause) {
        failed = cause as Error;
      }
      const run = await newestRun(env, of);
      // What was refused before it became a run has only its error.
      if (failed && (!run || run.id === before?.id)) throw failed;
      return { output, run: run?.id };
    },
  });
  useEffect(() => () => stop.current?.abort(), []);
  // The result of the other customer is not this one's.
  useEffect(() => {
    dry.reset();
    real.reset();
  }, [customer]);
  const isBusy = dry.isPending || real.isPending;
  const canPreview = can('environment:connections:update') && can('environment:records:read');
  const canDry = can('environment:deploy') || canPreview;
  const canRun = can(one.type === 'action' ? 'environment:actions:execute' : 'environment:syncs:execute');
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Card
        flush
        title={one.type === 'action' ? 'Input' : one.name}
        actions={
          <>
            {dry.isPending && (
              <Button size="small" look="quiet" onClick={() => stop.current?.abort()}>
                Stop
              </Button>
            )}
            {canDry && (
              <Button
                size="small"
                icon={<FlaskConical size={14} aria-hidden />}
                busy={dry.isPending}
                disabled={isBusy || problem !== undefined}
                onClick={() => {
                  real.reset();
                  dry.mutate();
                }}
              >
                Dry run
              </Button>
            )}
            {canRun && (
              <Button
                size="small"
                look="primary"
                icon={<Play size={14} aria-hidden />}
                busy={real.isPending}
                disabled={isBusy || problem !== undefined || !one.enabled}
                title={one.enabled ? undefined : 'The function is disabled.'}
                onClick={() => {
                  dry.reset();
                  real.mutate();
                }}
              >
                Run
              </Button>
            )}
          </>
        }
      >
        {schema ? (
          <>
            <div className="min-h-40">
              <Code label="Input" value={text} onChange={setText} invalid={problem !== undefined} describedBy={problem ? error : undefined} />
            </div>
            {problem && (
              <p id={error} role="alert" className="border-t bg-bad-soft px-4 py-2 text-bad">
                {problem}
              </p>
            )}
            <details className="border-t px-4 py-2">
              <summary className="cursor-pointer text-ink2">Schema of the input</summary>
              <pre className="mt-2 max-h-80 overflow-auto text-[12px] leading-5">{JSON.stringify(schema, null, 2)}</pre>
            </details>
          </>
        ) : (
          <div className="p-4 text-ink2">
            {one.description && <p className="mb-2 text-ink">{one.description}</p>}
            {one.type === 'action' ? 'It takes no input.' : 'A sync takes no input. A dry run reads everything from the beginning and shows which records would differ; Run does it for real.'}
          </div>
        )}
      </Card>
      <Card title="Result">
        {dry.isPending || real.isPending ? (
          <Loading what="the result" />
        ) : dry.isError && dry.error.name !== 'AbortError' ? (
          <ErrorState title="It did not run" error={dry.error} />
        ) : real.isError ? (
          <ErrorState title="It did not run" error={real.error} />
        ) : dry.data ? (
          <RunReport report={dry.data} />
        ) : real.data ? (
          <RealRun id={real.data.run} output={real.data.output} hasOutput={one.type === 'action'} />
        ) : (
          <p className="py-6 text-center text-ink3">Nothing has run yet.</p>
        )}
      </Card>
    </div>
  );
}
