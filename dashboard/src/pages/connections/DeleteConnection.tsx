import { useMutation, useQueryClient } from '@tanstack/react-query';
import { deleteConnection, type At } from '../../api/connections';
import { ConfirmDialog } from '../../ui/Dialog';
import { toast } from '../../ui/Toasts';

/** Asks for the connection's id, and deletes it. */
export function DeleteConnection(props: { at: At; name: string; open: boolean; onClose: () => void; onDeleted?: () => void }) {
  const queries = useQueryClient();
  const { at, name } = props;
  const remove = useMutation({
    mutationFn: () => deleteConnection(at),
    onSuccess: ({ warnings = [] }) => {
      const failed = warnings.map((warning) => `${warning.function}: ${warning.message}`).join(' ');
      toast(`${name} is deleted`, failed ? { description: `Before that, a function failed. ${failed}`, bad: true } : {});
      props.onClose();
      props.onDeleted?.();
      // What is about the connection itself is gone; only the list is asked for again.
      queries.removeQueries({ queryKey: [at.env, 'connections', 'one', at.integration, at.connection] });
      void queries.invalidateQueries({ queryKey: [at.env, 'connections', 'list'] });
    },
  });
  return (
    <ConfirmDialog
      open={props.open}
      onClose={() => (remove.reset(), props.onClose())}
      onConfirm={() => remove.mutate()}
      title={`Delete ${name}`}
      action="Delete connection"
      type={at.connection}
      busy={remove.isPending}
      error={remove.error?.message}
    >
      Its credentials, configuration with all revisions, syncs and synced records are deleted. This cannot be undone.
    </ConfirmDialog>
  );
}
