import { Validator } from '@cfworker/json-schema';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useRef, useState } from 'react';
import { brief, changeMany, mergePatch, parts, typedValue, type BulkReport, type FleetFilter } from '../../api/fleet';
import { schemaQuery, type MetadataSchema } from '../../api/integrations';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Labelled, inputClass, TextField } from '../../ui/Field';
import { ProgressBar } from '../../ui/ProgressBar';
import { Segmented } from '../../ui/Segmented';
import { toast } from '../../ui/Toasts';
import { number, plural } from '../runs/words';
import { selectionOf } from './selection';
import { useIntegration } from './IntegrationPage';

/** Customers that are written with one request: after each, it can be stopped. */
const BATCH = 50;

interface Progress {
  done: number;
  of: number;
  failed: { connection_id: string; message: string }[];
  running: boolean;
  stopped?: boolean;
}

/** What the schema says of this value at this path, whatever else a customer has. */
function misfit(schema: MetadataSchema | undefined, path: string, value: unknown): string | undefined {
  if (!schema?.schema || schema.mode === 'off' || path === '') return undefined;
  const result = new Validator(schema.schema, '7', false).validate(mergePatch(path, value));
  // A leaf's own keyword; that something else is missing is not this value's fault.
  return result.errors.find(({ instanceLocation, keyword }) => instanceLocation === `#${path}` && keyword !== 'properties' && keyword !== '$ref' && keyword !== 'allOf')?.error;
}

/** Changes one path of many customers: what would come of it, then batch by batch. */
export function Bulk(props: { filter: FleetFilter; selected: string[]; paths: string[]; count: number; onClose: (changed: boolean) => void }) {
  const { env, key } = useIntegration();
  const queries = useQueryClient();
  const { data: schema } = useQuery(schemaQuery(env, key));
  const [path, setPath] = useState('');
  const [op, setOp] = useState<'set' | 'remove'>('set');
  const [text, setText] = useState('');
  const [reason, setReason] = useState('');
  const [progress, setProgress] = useState<Progress>();
  const stop = useRef(false);
  const pathId = useId();
  const value = typedValue(text);
  const isReady = path.startsWith('/') && path.length > 1 && (op === 'remove' || text !== '');
  const wrong = op === 'set' && isReady ? misfit(schema, path, value) : undefined;
  // A number in a path may be a place in a list, and a merge patch would put an object over the list.
  const isInList = parts(path).some((part) => /^\d+$/.test(part));
  const patch = isInList
    ? { json_patch: [op === 'remove' ? { op: 'remove', path } : { op: 'replace', path, value }] }
    : { merge_patch: mergePatch(path, op === 'remove' ? null : value) };
  const dry = useMutation({
    mutationFn: async () => changeMany(env, key, { ...(await selectionOf(env, key, props.filter, props.selected)), ...patch, dry_run: true }),
  });
  const ids = dry.data?.results.filter(({ outcome }) => outcome === 'changed').map(({ connection_id }) => connection_id) ?? [];
  const edit = (change: () => void) => {
    change();
    dry.reset();
  };
  const apply = async () => {
    stop.current = false;
    const failed: Progress['failed'] = [];
    let done = 0;
    setProgress({ done, of: ids.length, failed, running: true });
    while (done < ids.length && !stop.current) {
      const batch = ids.slice(done, done + BATCH);
      try {
        const report = await changeMany(env, key, { connection_ids: batch, ...patch, dry_run: false, reason: reason.trim() || undefined });
        for (const one of report.results) if (one.outcome === 'failed') failed.push({ connection_id: one.connection_id, message: messageOf(one.error) });
      } catch (cause) {
        failed.push(...batch.map((connection_id) => ({ connection_id, message: cause instanceof Error ? cause.message : String(cause) })));
        stop.current = true;
      }
      done += batch.length;
      setProgress({ done, of: ids.length, failed: [...failed], running: true });
    }
    setProgress({ done, of: ids.length, failed, running: false, stopped: done < ids.length });
    void queries.invalidateQueries({ queryKey: ['fleet', env, key] });
    void queries.invalidateQueries({ queryKey: [env, 'connections'] });
    if (failed.length === 0 && done === ids.length) toast(`${plural(done, 'customer')} changed.`);
  };
  const close = () => {
    if (progress?.running) return;
    props.onClose(progress !== undefined);
  };
  return (
    <Dialog
      open
      onClose={close}
      width={600}
      title={`Change ${plural(props.count, 'customer')}`}
      description={props.selected.length > 0 ? 'Those that are selected.' : 'All that fit the filters.'}
      foot={
        progress ? (
          progress.running ? (
            <Button onClick={() => (stop.current = true)}>Stop</Button>
          ) : (
            <Button look="primary" onClick={close}>
              Close
            </Button>
          )
        ) : (
          <>
            <Button onClick={close}>Cancel</Button>
            {dry.data ? (
              <Button look="primary" disabled={ids.length === 0} onClick={() => void apply()}>
                Change {plural(ids.length, 'customer')}
              </Button>
            ) : (
              <Button look="primary" disabled={!isReady} busy={dry.isPending} onClick={() => dry.mutate()}>
                Dry run
              </Button>
            )}
          </>
        )
      }
    >
      {progress ? (
        <Going progress={progress} />
      ) : (
        <div className="space-y-4">
          <Labelled id={pathId} label="Path" hint="From the top of the configuration, as /fieldMapping/internal_id">
            <input
              id={pathId}
              list={`${pathId}-known`}
              autoFocus
              value={path}
              spellCheck={false}
              autoComplete="off"
              aria-describedby={`${pathId}-hint`}
              onChange={(event) => edit(() => setPath(event.target.value.trim()))}
              className={`${inputClass} font-mono text-code`}
            />
            <datalist id={`${pathId}-known`}>
              {props.paths.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          </Labelled>
          <Segmented
            label="What is done there"
            value={op}
            options={[
              { value: 'set', label: 'Set a value' },
              { value: 'remove', label: 'Reset to the inherited value' },
            ]}
            onChange={(next) => edit(() => setOp(next))}
          />
          {op === 'set' && (
            <TextField
              label="Value"
              mono
              hint={text === '' ? 'JSON (true, 12, ["a"]), or else a text.' : `Stored as ${typeof value === 'string' ? 'the text' : Array.isArray(value) ? 'the list' : `the ${value === null ? 'value' : typeof value}`} ${JSON.stringify(value)}`}
              error={wrong && `It does not fit the schema: ${wrong}`}
              value={text}
              onChange={(next) => edit(() => setText(next))}
            />
          )}
          <TextField label="Reason (optional)" hint="Stands in the history of each customer." value={reason} onChange={setReason} />
          {dry.isError && (
            <p role="alert" className="text-bad">
              {dry.error.message}
            </p>
          )}
          {dry.data && <Outcome report={dry.data} invalid={wrong !== undefined && schema?.mode === 'warn'} />}
        </div>
      )}
    </Dialog>
  );
}

const messageOf = (error: unknown) => String((error as { message?: unknown } | null | undefined)?.message ?? 'It could not be written.');

/** What a dry run says: how many change, have it so already, or become invalid. */
function Outcome({ report, invalid }: { report: BulkReport; invalid: boolean }) {
  const failed = report.results.filter(({ outcome }) => outcome === 'failed');
  const figures = [
    { count: report.changed, text: 'change', tone: 'text-accent-text' },
    { count: report.unchanged, text: 'have it so already', tone: 'text-ink2' },
    { count: failed.length + (invalid ? report.changed : 0), text: invalid ? 'become invalid, and are stored' : 'become invalid, and are left out', tone: 'text-bad' },
  ];
  const example = report.results.find(({ outcome }) => outcome === 'changed');
  return (
    <div role="status" className="rounded-card border">
      <dl className="grid grid-cols-3 divide-x">
        {figures.map(({ count, text, tone }) => (
          <div key={text} className="flex flex-col-reverse px-3 py-2">
            <dt className="text-hint text-ink3">{text}</dt>
            <dd className={`tabular text-page font-semibold ${count > 0 ? tone : 'text-ink3'}`}>{number.format(count)}</dd>
          </div>
        ))}
      </dl>
      {example && (
        <p className="truncate border-t px-3 py-2 text-hint text-ink2">
          For example {example.connection_id}:{' '}
          <code className="text-[11.5px]">
            {(example.diff ?? []).map((one) => {
              const { op, path, value } = one as unknown as { op: string; path: string; value?: unknown };
              return `${op} ${path}${value === undefined ? '' : ` ${brief(value)}`}`;
            }).join('; ')}
          </code>
        </p>
      )}
      {failed[0] && (
        <p className="border-t px-3 py-2 text-hint text-bad">
          {failed[0].connection_id}: {messageOf(failed[0].error)}
        </p>
      )}
      <p className="border-t px-3 py-2 text-hint text-ink3">Nothing was written yet.</p>
    </div>
  );
}

function Going({ progress }: { progress: Progress }) {
  const { done, of, failed, running, stopped } = progress;
  return (
    <>
      <ProgressBar label="Customers changed" value={done} of={of} />
      <p role="status" className="tabular mt-2">
        {running ? 'Changing' : stopped ? 'Stopped after' : 'Changed'} {number.format(done - (running ? 0 : failed.length))} of {plural(of, 'customer')}
        {failed.length > 0 && <span className="text-bad">, {failed.length} failed</span>}
      </p>
      {stopped && <p className="mt-1 text-ink2">The others stay as they are.</p>}
      {failed.length > 0 && (
        <ul className="mt-3 max-h-48 overflow-auto rounded-card border">
          {failed.slice(0, 50).map(({ connection_id, message }) => (
            <li key={connection_id} className="border-b px-3 py-1.5 last:border-b-0">
              <b className="font-medium">{connection_id}</b> <span className="text-bad">{message}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
