import { useMutation } from '@tanstack/react-query';
import { FlaskConical, Play } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { dryRun, type Report } from '../../api/dryRuns';
import { inputSchema, runAction, runSync, skeleton, type DeployedFunction } from '../../api/functions';
import { newestRun, preview } from '../../api/runs';
import type { DocumentView } from '../../configuration/DocumentEditor';
import { schemaDefaults } from '../../configuration/layers';
import { formable } from '../../configuration/schema';
import { syntaxProblem } from '../../configuration/syntax';
import { useCan, useEnvironment } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Segmented } from '../../ui/Segmented';
import { ErrorState, Loading } from '../../ui/States';
import { RunReport } from '../runs/RunReport';
import { FormInput, JsonInput } from './Input';
import { RealRun } from './RealRun';

/** Runs one function for one customer: what it is given on the left, what came of it on the right. */
export function Bench(props: { integration: string; customer: string; one: DeployedFunction; view: DocumentView; onView: (view: DocumentView) => void }) {
  const { integration, customer, one } = props;
  const env = useEnvironment();
  const can = useCan();
  const schema = useMemo(() => inputSchema(one), [one]);
  const form = useMemo(() => schema && formable(schema), [schema]);
  const [text, setText] = useState(() => JSON.stringify(form ? schemaDefaults(form) : skeleton(schema), null, 2));
  const stop = useRef<AbortController>(null);
  const isBroken = schema !== undefined && syntaxProblem(text, form ? 'object' : 'any') !== undefined;
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
    <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
      <Card
        flush
        title={one.type === 'action' ? 'Input' : one.name}
        actions={
          <>
            {form && (
              <Segmented<DocumentView>
                label="View"
                value={props.view}
                onChange={props.onView}
                options={[
                  { value: 'form', label: 'Form' },
                  { value: 'both', label: 'Both' },
                  { value: 'json', label: 'JSON' },
                ]}
              />
            )}
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
                disabled={isBusy || isBroken}
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
                disabled={isBusy || isBroken || !one.enabled}
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
            {form ? <FormInput schema={form} start={text} view={props.view} onText={setText} /> : <JsonInput text={text} onText={setText} />}
            {Object.keys(schema).length > 0 && (
              <details className="border-t px-4 py-2">
                <summary className="cursor-pointer text-ink2">Schema of the input</summary>
                <pre className="mt-2 max-h-80 overflow-auto text-[12px] leading-5">{JSON.stringify(schema, null, 2)}</pre>
              </details>
            )}
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
