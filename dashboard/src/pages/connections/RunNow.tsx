import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState, type FormEvent } from 'react';
import type { At } from '../../api/connections';
import { syncsQuery, triggerSyncs, type SyncMode, type SyncState } from '../../api/syncs';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { toast } from '../../ui/Toasts';
import { syncName } from './SyncRow';
import { plural } from './words';

/** Asks from where a run begins, and says what each answer does. */
export function RunNowDialog({ at, sync, onClose }: { at: At; sync: SyncState; onClose: () => void }) {
  const form = useId();
  const queries = useQueryClient();
  const [mode, setMode] = useState<SyncMode>('incremental');
  const total = Object.values(sync.recordCount as Record<string, number>).reduce((sum, one) => sum + one, 0);
  const choices: { mode: SyncMode; title: string; text: string; action: string; bad?: boolean }[] = [
    { mode: 'incremental', title: 'Only what changed', text: 'Goes on where the last run ended.', action: 'Run now' },
    {
      mode: 'full_refresh',
      title: 'Everything again',
      text: 'Forgets how far the last run came and reads everything. Stored records stay, and are updated where they differ.',
      action: 'Run everything again',
    },
    {
      mode: 'full_refresh_and_clear_cache',
      title: 'Everything, and delete stored records first',
      text: `Deletes ${plural(total, 'stored record')} and reads everything anew. Until the run ends, records are missing, and all of them count as added.`,
      action: 'Delete records and run',
      bad: true,
    },
  ];
  const chosen = choices.find((one) => one.mode === mode)!;
  const run = useMutation({
    mutationFn: () => triggerSyncs(at, [{ name: sync.name, variant: sync.variant }], mode),
    onSuccess: () => {
      toast(`${syncName(sync)} is running`);
      const { queryKey } = syncsQuery(at);
      queries.setQueryData(queryKey, (old) => old?.map((one) => (one.id === sync.id ? { ...one, status: 'RUNNING' } : one)));
      void queries.invalidateQueries({ queryKey });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Run ${syncName(sync)} now`}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look={chosen.bad ? 'danger' : 'primary'} type="submit" form={form} busy={run.isPending}>
            {chosen.action}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit}>
        <fieldset className="flex flex-col gap-2">
          <legend className="sr-only">What to read</legend>
          {choices.map((choice) => (
            <label
              key={choice.mode}
              className="flex cursor-pointer items-start gap-3 rounded-control border p-3 hover:bg-hover has-checked:border-accent has-checked:bg-accent-soft"
            >
              <input
                type="radio"
                name={form}
                value={choice.mode}
                checked={choice.mode === mode}
                onChange={() => setMode(choice.mode)}
                className="mt-1 size-3.5 accent-accent"
              />
              <span>
                <span className="block font-medium">{choice.title}</span>
                <span className="block text-ink2">{choice.text}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {run.error && (
          <p role="alert" className="mt-3 text-bad">
            {run.error.message}
          </p>
        )}
      </form>
    </Dialog>
  );
}
