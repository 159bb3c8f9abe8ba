import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '../../api/call';
import { brief, promote, type Promotion } from '../../api/fleet';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { TextField } from '../../ui/Field';
import { ErrorState, Loading } from '../../ui/States';
import { toast } from '../../ui/Toasts';
import { plural } from '../runs/words';
import { useIntegration } from './IntegrationPage';

/** Makes a value the default: first what would come of it, then it is done. */
export function Promote(props: { path: string; value: unknown; onClose: () => void; onShowUnset: () => void }) {
  const { path, value, onClose } = props;
  const { env, key } = useIntegration();
  const queries = useQueryClient();
  const [reason, setReason] = useState('');
  const dry = useQuery({
    queryKey: ['fleet', env, key, 'promotion', path, value],
    queryFn: () => promote(env, key, { path, value, dry_run: true }),
    staleTime: 0,
    gcTime: 0,
  });
  const apply = useMutation({
    mutationFn: () => promote(env, key, { path, value, dry_run: false, reason: reason.trim() || undefined }),
    onSuccess: ({ removed }) => {
      void queries.invalidateQueries({ queryKey: ['fleet', env, key] });
      void queries.invalidateQueries({ queryKey: ['defaults', env, key] });
      void queries.invalidateQueries({ queryKey: [env, 'connections'] });
      toast(`${brief(value)} is the default of ${path}.`, { description: `${plural(removed, 'customer')} have it from there now.` });
      onClose();
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      width={560}
      title="Make it the default"
      description={
        <>
          <code className="text-[12px]">{path}</code> = <code className="text-[12px]">{brief(value)}</code> for all customers who set nothing else.
        </>
      }
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" disabled={!dry.data} busy={apply.isPending} onClick={() => apply.mutate()}>
            Make it the default
          </Button>
        </>
      }
    >
      {dry.isPending ? (
        <Loading what="what would come of it" lines={3} />
      ) : dry.isError ? (
        <>
          <ErrorState title="It cannot be the default" error={dry.error} />
          {dry.error instanceof ApiError && dry.error.code === 'promotion_refused' && (
            <p className="text-center text-ink2">
              A default must change nobody's data. Give these customers a value first, then it can be the default.{' '}
              <button type="button" onClick={props.onShowUnset} className="text-accent-text hover:underline">
                Show who sets nothing
              </button>
            </p>
          )}
        </>
      ) : (
        <>
          <Outcome result={dry.data} />
          <div className="mt-4">
            <TextField label="Reason (optional)" hint="Stands in the history of each customer that changes." value={reason} onChange={setReason} />
          </div>
          {apply.isError && (
            <p role="alert" className="mt-3 text-bad">
              {apply.error.message}
            </p>
          )}
        </>
      )}
    </Dialog>
  );
}

function Outcome({ result }: { result: Promotion }) {
  const lines = [
    { count: result.removed, ids: result.examples.removed, text: 'have it as their own value, and have it from the default then.' },
    { count: result.pinned, ids: result.examples.pinned, text: 'set nothing there. What counts for them until now is written as their own, so that nothing changes.' },
    { count: result.kept, ids: result.examples.kept, text: 'have another value or nothing to change, and stay as they are.' },
  ];
  return (
    <>
      <p role="status" className="rounded-control bg-ok-soft px-3 py-2 text-ok">
        What functions see changes for nobody. Nothing was written yet.
      </p>
      <ul className="mt-3 space-y-2">
        {lines
          .filter(({ count }) => count > 0)
          .map(({ count, ids, text }) => (
            <li key={text}>
              <b className="font-medium">{plural(count, 'customer')}</b> {text}
              {ids.length > 0 && (
                <span className="block truncate font-mono text-hint text-ink3">
                  {ids.join(', ')}
                  {count > ids.length && ', …'}
                </span>
              )}
            </li>
          ))}
      </ul>
    </>
  );
}
