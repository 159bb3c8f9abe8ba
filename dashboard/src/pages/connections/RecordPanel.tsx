import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { At } from '../../api/connections';
import { recordQuery, type StoredRecord } from '../../api/records';
import { Code } from '../../ui/Code';
import { CopyButton } from '../../ui/CopyButton';
import { Drawer } from '../../ui/Dialog';
import { EmptyState, Loading } from '../../ui/States';
import { Time } from '../../ui/Time';
import { Facts } from '../../ui/Facts';
import { RecordHistory } from './RecordHistory';
import { LastAction } from './RecordTable';

/** One record: what it holds, what happened to it, and under which configuration it was written. */
export function RecordPanel(props: { at: At; model: string; variant: string; id?: string; known?: StoredRecord; onClose: () => void }) {
  const { at, model, variant, id, known } = props;
  // An address may name a record that the list has not come to.
  const asked = useQuery({ ...recordQuery(at, { model, variant }, id ?? ''), enabled: id !== undefined && !known });
  const record = known ?? asked.data;
  return (
    <Drawer open={id !== undefined} onClose={props.onClose} title={`${model} ${id ?? ''}`}>
      {record && <Content at={at} model={model} variant={variant} record={record} />}
      {!record && asked.isPending && <Loading what="the record" />}
      {!record && asked.data === null && <EmptyState title={`There is no ${model} with the id ${id}`}>It may have been deleted with its sync.</EmptyState>}
    </Drawer>
  );
}

function Content({ at, model, variant, record }: { at: At; model: string; variant: string; record: StoredRecord }) {
  const { _nango_metadata: told, ...payload } = record;
  const text = JSON.stringify(payload, null, 2);
  const revision = told.metadata_revision;
  return (
    <div className="flex flex-col gap-4">
      <Facts
        facts={[
          ['Last change', <LastAction key="action" action={told.last_action} />],
          ['Added', <Time key="added" at={told.first_seen_at} />],
          ['Changed', <Time key="changed" at={told.last_modified_at} />],
          ['Deleted', told.deleted_at && <Time at={told.deleted_at} />],
          [
            'Written under',
            revision ? (
              <Link
                to="/app/$env/connections/$integration/$connection/configuration"
                params={at}
                search={{ side: 'history' }}
                className="font-medium text-accent-text hover:underline"
              >
                Configuration, revision {revision}
              </Link>
            ) : (
              'The defaults: the customer had no configuration of their own'
            ),
          ],
        ]}
      />
      <section aria-label="What it holds">
        <div className="mb-1 flex items-center justify-between">
          <h3 className="font-medium">What it holds</h3>
          {!told.pruned_at && <CopyButton text={text} label="Copy as JSON" />}
        </div>
        {told.pruned_at ? (
          <p className="text-ink2">
            Your backend has taken it over, and its content was removed here <Time at={told.pruned_at} />.
          </p>
        ) : (
          <div tabIndex={0} role="region" aria-label="The record as JSON" className="rounded-control border py-2">
            <Code key={told.cursor} label="Record, read only" value={text} readOnly />
          </div>
        )}
      </section>
      <RecordHistory at={at} model={model} variant={variant} id={record.id} />
    </div>
  );
}
