import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { At } from '../../api/connections';
import { pauseSyncs, startSyncs, syncsQuery, type SyncState } from '../../api/syncs';
import { Button } from '../../ui/Button';
import { toast, toastError } from '../../ui/Toasts';
import { plural } from './words';

/** Pauses or starts all syncs of a connection at once. */
export function ScheduleSwitch({ at, syncs, mayChange }: { at: At; syncs: SyncState[]; mayChange: boolean }) {
  const queries = useQueryClient();
  const on = syncs.filter((sync) => sync.status !== 'PAUSED').length;
  const change = useMutation({
    mutationFn: (start: boolean) => (start ? startSyncs(at, []) : pauseSyncs(at, [])),
    onSuccess: (_, start) => toast(start ? 'All syncs run by schedule' : 'All syncs are paused'),
    onError: (error) => toastError('The syncs were not changed', error),
    onSettled: () => void queries.invalidateQueries({ queryKey: syncsQuery(at).queryKey }),
  });
  return (
    <div className="flex flex-wrap items-center gap-4">
      <p className="min-w-60 flex-1 text-ink2">
        {on === 0 ? (syncs.length === 1 ? 'The sync is paused.' : `All ${plural(syncs.length, 'sync')} are paused.`) : `${on} of ${plural(syncs.length, 'sync')} run by schedule. Pausing cancels what runs; nothing is deleted.`}
      </p>
      {mayChange && on < syncs.length && (
        <Button busy={change.isPending} onClick={() => change.mutate(true)}>
          Start all syncs
        </Button>
      )}
      {mayChange && on > 0 && (
        <Button busy={change.isPending} onClick={() => change.mutate(false)}>
          Pause all syncs
        </Button>
      )}
    </div>
  );
}
