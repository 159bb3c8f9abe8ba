import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState, type FormEvent } from 'react';
import type { At } from '../../api/connections';
import { createVariant, deleteVariant, syncsQuery, type SyncState } from '../../api/syncs';
import { Button } from '../../ui/Button';
import { ConfirmDialog, Dialog } from '../../ui/Dialog';
import { TextField } from '../../ui/Field';
import { toast } from '../../ui/Toasts';
import { syncName } from './SyncRow';
import { plural } from './words';

interface VariantProps {
  at: At;
  sync: SyncState;
  onClose: () => void;
}

/** Runs the same sync once more for this customer, with a schedule, a checkpoint and records of its own. */
export function CreateVariant({ at, sync, onClose }: VariantProps) {
  const form = useId();
  const queries = useQueryClient();
  const [variant, setVariant] = useState('');
  const create = useMutation({
    mutationFn: () => createVariant(at, { name: sync.name, variant: variant.trim() }),
    onSuccess: () => {
      toast(`The variant ${variant.trim()} of ${sync.name} is there`);
      void queries.invalidateQueries({ queryKey: syncsQuery(at).queryKey });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Create a variant of ${sync.name}`}
      description="The same function once more for this customer, with its own schedule, progress and records. The function reads its name as nango.variant."
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form={form} busy={create.isPending} disabled={!variant.trim()}>
            Create variant
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit}>
        <TextField label="Name" value={variant} onChange={setVariant} error={create.error?.message} placeholder="emea" mono autoFocus />
      </form>
    </Dialog>
  );
}

export function DeleteVariant({ at, sync, onClose }: VariantProps) {
  const queries = useQueryClient();
  const total = Object.values(sync.recordCount as Record<string, number>).reduce((sum, one) => sum + one, 0);
  const remove = useMutation({
    mutationFn: () => deleteVariant(at, { name: sync.name, variant: sync.variant }),
    onSuccess: () => {
      toast(`${syncName(sync)} is deleted`);
      void queries.invalidateQueries({ queryKey: syncsQuery(at).queryKey });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={`Delete ${syncName(sync)}`}
      action="Delete variant"
      busy={remove.isPending}
      error={remove.error?.message}
    >
      Its schedule, progress and {plural(total, 'record')} are deleted. The sync {sync.name} itself stays. This cannot be undone.
    </ConfirmDialog>
  );
}
