import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { type Connection, revisionOf } from '../../../api/configuration';
import { changes, print } from '../../../configuration/document';
import type { OptionsStore } from '../../../configuration/options';
import { Sentence } from '../../../configuration/sentences';
import type { Editing } from '../../../configuration/useEditing';
import { Dialog } from '../../../ui/Dialog';
import { Segmented } from '../../../ui/Segmented';
import { ErrorState, Loading } from '../../../ui/States';

const JsonDiff = lazy(() => import('../../../configuration/JsonDiff'));

/** What differs between two revisions. */
export function Compare(props: { at: Connection; from: number; to: number; current: number; editing: Editing; options: OptionsStore; onChange: (compare?: string) => void }) {
  const { at, from, to, current } = props;
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['connection', at.environment, at.providerConfigKey, at.connectionId, 'compare', from, to],
    queryFn: async () => ({ before: await revisionOf(at, from), after: await revisionOf(at, to) }),
    staleTime: Infinity,
  });
  // The later one of the comparison with the one before, the earlier one of that with now.
  const subject = to === current && from !== current - 1 ? from : to;
  const all = data ? changes(data.before, data.after) : [];
  return (
    <Dialog open onClose={() => props.onChange()} title={`Revision ${from} → ${to}`} width={720} description={from === 0 ? 'Revision 0 is what was before the first change: nothing.' : undefined}>
      <div className="space-y-3">
        {subject !== current && (
          <Segmented
            label="Compare with"
            value={to === current && from === subject ? 'now' : 'before'}
            onChange={(side) => props.onChange(side === 'now' ? `${subject}..${current}` : `${subject - 1}..${subject}`)}
            options={[
              { value: 'before', label: 'With the one before' },
              { value: 'now', label: 'With now' },
            ]}
          />
        )}
        {isPending && <Loading what="the revisions" />}
        {error && <ErrorState title="The revisions did not load" error={error} onRetry={() => void refetch()} />}
        {data && (
          <>
            <ul className="space-y-1">
              {all.map((change) => (
                <li key={change.path.join('/')} className="flex gap-2">
                  <span aria-hidden className="mt-2 size-1.5 shrink-0 rounded-full bg-accent" />
                  <span className="min-w-0">
                    <Sentence change={change} editing={props.editing} options={props.options} />
                  </span>
                </li>
              ))}
              {all.length === 0 && <li className="text-ink2">Both are the same.</li>}
            </ul>
            <Suspense fallback={<Loading what="what differs" />}>
              <JsonDiff before={print(data.before)} after={print(data.after)} label="What differs, as JSON" />
            </Suspense>
          </>
        )}
      </div>
    </Dialog>
  );
}
