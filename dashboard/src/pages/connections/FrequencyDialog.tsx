import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState, type FormEvent } from 'react';
import type { At } from '../../api/connections';
import { setFrequency, syncsQuery, type SyncState } from '../../api/syncs';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { TextField } from '../../ui/Field';
import { toast } from '../../ui/Toasts';
import { syncName } from './SyncRow';

const common = ['every 5 minutes', 'every half hour', 'every hour', 'every 6 hours', 'every day'];

/** Gives a sync its own frequency at this connection, or that of its function again. */
export function FrequencyDialog({ at, sync, onClose }: { at: At; sync: SyncState; onClose: () => void }) {
  const form = useId();
  const queries = useQueryClient();
  const [typed, setTyped] = useState(sync.frequency ? `every ${sync.frequency}` : '');
  const save = useMutation({
    mutationFn: (frequency: string | null) => setFrequency(at, { name: sync.name, variant: sync.variant }, frequency),
    onSuccess: ({ frequency }) => {
      toast(`${syncName(sync)} runs every ${frequency.replace(/^every /, '')}`);
      void queries.invalidateQueries({ queryKey: syncsQuery(at).queryKey });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(typed.trim());
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Change frequency of ${syncName(sync)}`}
      description="Only for this customer. Other customers keep theirs."
      foot={
        <>
          <Button className="mr-auto" onClick={() => save.mutate(null)} disabled={save.isPending}>
            Use the function’s own
          </Button>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form={form} busy={save.isPending} disabled={!typed.trim()}>
            Change frequency
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} noValidate className="flex flex-col gap-3">
        <TextField label="Frequency" value={typed} onChange={setTyped} error={save.error?.message} hint="Such as every 2 hours. Not more often than every 30 seconds." />
        <div role="group" aria-label="Common frequencies" className="flex flex-wrap gap-1.5">
          {common.map((one) => (
            <Button key={one} size="small" aria-pressed={typed === one} onClick={() => setTyped(one)}>
              {one}
            </Button>
          ))}
        </div>
      </form>
    </Dialog>
  );
}
