import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Clock, MoreHorizontal, Pause, Play, Plus, Square, Trash2 } from 'lucide-react';
import type { At } from '../../api/connections';
import { pauseSyncs, startSyncs, stopRun, syncsQuery, type Counts, type SyncRun, type SyncState } from '../../api/syncs';
import { Badge, Status } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { Menu, type MenuItem } from '../../ui/Menu';
import { duration, Time } from '../../ui/Time';
import { toast, toastError } from '../../ui/Toasts';
import { count } from './words';

/** What is asked about a sync before something happens. */
export interface SyncDialog {
  kind: 'run' | 'frequency' | 'variant' | 'delete';
  sync: SyncState;
}

interface RowProps {
  at: At;
  sync: SyncState;
  run?: SyncRun;
  description?: string;
  grid: string;
  can: (scope: string) => boolean;
  onDialog: (dialog: SyncDialog) => void;
}

/** How a sync is called: with its variant where it has one. */
export const syncName = ({ name, variant }: { name: string; variant: string }) => (variant === 'base' ? name : `${name} (${variant})`);

/** A sync: how it goes, and what may be done with it. */
export function SyncRow(props: RowProps) {
  const { at, sync, run, description, grid } = props;
  const records = Object.entries(sync.recordCount as Record<string, number>);
  return (
    <div role="row" className={`${grid} border-b py-3 max-lg:flex max-lg:flex-col max-lg:gap-y-2 max-md:px-5`}>
      <div role="cell" className="min-w-0">
        <div className="flex flex-wrap items-center gap-2">
          <span className="font-medium break-all">{sync.name}</span>
          {sync.variant !== 'base' && <Badge>{sync.variant}</Badge>}
        </div>
        {description && <p className="text-hint text-ink3">{description}</p>}
      </div>
      <div role="cell" className="min-w-0">
        <State sync={sync} run={run} />
      </div>
      <div role="cell" className="text-ink2">
        <Named name="Next run" />
        {sync.status === 'PAUSED' ? <span className="text-ink3">Not scheduled</span> : <Time at={sync.nextScheduledSyncAt} empty="Only when asked" />}
        {sync.frequency && <div className="text-hint text-ink3">every {sync.frequency}{sync.status === 'PAUSED' && ' once started'}</div>}
      </div>
      <div role="cell" className="min-w-0 text-ink2">
        <Named name="Last run" />
        {run?.finished_at ? (
          <>
            <Time at={run.finished_at} />
            {typeof run.duration_ms === 'number' && <span className="text-ink3"> · {duration(run.duration_ms)}</span>}
            <div className="text-hint">
              <Changes counts={run.counts} />
            </div>
          </>
        ) : (
          <Time at={sync.finishedAt} empty="Never" />
        )}
      </div>
      <div role="cell" className="tabular min-w-0 text-ink2">
        <Named name="Records" />
        {records.length === 0 && <span className="text-ink3">–</span>}
        {records.map(([model, number]) => (
          <div key={model}>
            <Link
              to="/app/$env/connections/$integration/$connection/records"
              params={at}
              search={{ model, variant: sync.variant === 'base' ? undefined : sync.variant }}
              className="hover:text-ink hover:underline"
            >
              {count(number)} <span className="text-ink3">{model}</span>
            </Link>
          </div>
        ))}
      </div>
      <div role="cell" className="flex items-center justify-end gap-1 max-lg:justify-start">
        <Actions {...props} />
      </div>
    </div>
  );
}

/** The column's name where the head of the table is not shown. */
function Named({ name }: { name: string }) {
  return <span className="text-ink3 lg:hidden">{name}: </span>;
}

function State({ sync, run }: { sync: SyncState; run?: SyncRun }) {
  if (sync.status === 'RUNNING') {
    return (
      <div role="status">
        <Status state="running">{run?.status === 'queued' ? 'Waiting to run' : 'Running'}</Status>
        {run?.status === 'running' && run.started_at && (
          <div className="mt-1 text-hint text-ink2">
            since <Time at={run.started_at} /> <Changes counts={run.counts} empty="" />
          </div>
        )}
      </div>
    );
  }
  const reason = run?.status === 'failed' ? (run.error?.message ?? run.error?.code) : undefined;
  const failed = (
    <>
      <Status state="bad">Failed</Status>
      {reason && <p className="mt-1 line-clamp-3 text-hint break-words text-bad">{reason}</p>}
    </>
  );
  if (sync.status === 'ERROR') return failed;
  if (sync.status === 'PAUSED') {
    return (
      <>
        <Status state="none">Paused</Status>
        {reason && <p className="mt-1 line-clamp-3 text-hint break-words text-bad">Last run failed: {reason}</p>}
      </>
    );
  }
  if (sync.status === 'STOPPED') return <Status state="none">Stopped</Status>;
  return sync.finishedAt ? <Status state="ok">OK</Status> : <Status state="none">Not run yet</Status>;
}

/** "+6 ~2 −1", with words for those who do not see. */
export function Changes({ counts, empty = 'nothing changed' }: { counts: Counts; empty?: string }) {
  const total = { added: 0, updated: 0, deleted: 0 };
  for (const one of Object.values(counts ?? {})) {
    total.added += one.added;
    total.updated += one.updated;
    total.deleted += one.deleted;
  }
  if (total.added + total.updated + total.deleted === 0) return <span className="text-ink3">{empty}</span>;
  return (
    <span className="tabular inline-flex gap-2">
      {total.added > 0 && (
        <span className="text-ok">
          +{count(total.added)}
          <span className="sr-only"> added</span>
        </span>
      )}
      {total.updated > 0 && (
        <span className="text-accent-text">
          ~{count(total.updated)}
          <span className="sr-only"> updated</span>
        </span>
      )}
      {total.deleted > 0 && (
        <span className="text-bad">
          −{count(total.deleted)}
          <span className="sr-only"> deleted</span>
        </span>
      )}
    </span>
  );
}

function Actions({ at, sync, run, can, onDialog }: RowProps) {
  const queries = useQueryClient();
  const { queryKey } = syncsQuery(at);
  const refresh = () => void queries.invalidateQueries({ queryKey });
  const ref = { name: sync.name, variant: sync.variant };
  const name = syncName(sync);
  const stop = useMutation({
    mutationFn: (id: string) => stopRun(at, id),
    onSuccess: () => toast(`The run of ${name} is cancelled`),
    onError: (error) => toastError(`The run of ${name} was not cancelled`, error),
    onSettled: refresh,
  });
  const schedule = useMutation({
    mutationFn: (on: boolean) => (on ? startSyncs(at, [ref]) : pauseSyncs(at, [ref])),
    onMutate: (on) => {
      const before = queries.getQueryData(queryKey);
      const status = on ? 'SUCCESS' : 'PAUSED';
      queries.setQueryData(queryKey, (old) => old?.map((one) => (one.id === sync.id ? { ...one, status } : one)));
      return before;
    },
    onError: (error, on, before) => {
      queries.setQueryData(queryKey, before);
      toastError(on ? `${name} was not started` : `${name} was not paused`, error);
    },
    onSettled: refresh,
  });
  const toggle = (on: boolean) =>
    schedule.mutate(on, {
      onSuccess: () => toast(on ? `${name} runs by schedule again` : `${name} is paused`, { undo: () => schedule.mutate(!on) }),
    });
  const isRunning = sync.status === 'RUNNING';
  const goesOn = run && (run.status === 'running' || run.status === 'queued') ? run.id : undefined;
  const items: (MenuItem | null)[] = [];
  if (can('environment:syncs:execute')) {
    if (sync.status === 'PAUSED') items.push({ label: 'Start schedule', hint: 'Runs now, and then by schedule.', icon: <Play size={14} aria-hidden />, onSelect: () => toggle(true) });
    else items.push({ label: 'Pause schedule', hint: 'A run that goes on is cancelled.', icon: <Pause size={14} aria-hidden />, onSelect: () => toggle(false) });
  }
  if (can('environment:syncs:update')) items.push({ label: 'Change frequency…', icon: <Clock size={14} aria-hidden />, onSelect: () => onDialog({ kind: 'frequency', sync }) });
  if (can('environment:syncs:variant:create') && sync.variant === 'base') {
    items.push(null, { label: 'Create variant…', icon: <Plus size={14} aria-hidden />, onSelect: () => onDialog({ kind: 'variant', sync }) });
  }
  if (can('environment:syncs:variant:delete') && sync.variant !== 'base') {
    items.push(null, { label: 'Delete variant…', icon: <Trash2 size={14} aria-hidden />, danger: true, onSelect: () => onDialog({ kind: 'delete', sync }) });
  }
  return (
    <>
      {can('environment:syncs:execute') && !isRunning && (
        <Button size="small" onClick={() => onDialog({ kind: 'run', sync })}>
          Run now…
        </Button>
      )}
      {can('environment:runs:cancel') && isRunning && goesOn && (
        <Button size="small" icon={<Square size={13} aria-hidden />} busy={stop.isPending} onClick={() => stop.mutate(goesOn)}>
          Cancel run
        </Button>
      )}
      {items.length > 0 && (
        <Menu
          items={items}
          trigger={
            <IconButton label={`More for ${name}`}>
              <MoreHorizontal size={16} aria-hidden />
            </IconButton>
          }
        />
      )}
    </>
  );
}
