import { useQuery } from '@tanstack/react-query';
import { RefreshCw } from 'lucide-react';
import { useState } from 'react';
import { deployedSyncsQuery, lastRunsQuery, syncsQuery } from '../../api/syncs';
import { useCan } from '../../shell/environment';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { FrequencyDialog } from './FrequencyDialog';
import { RunNowDialog } from './RunNow';
import { SyncRow, type SyncDialog } from './SyncRow';
import { useAt } from './ConnectionPage';
import { CreateVariant, DeleteVariant } from './Variants';

/** The columns, shared by the head and the rows. */
const grid = 'grid grid-cols-[minmax(180px,1.5fr)_minmax(150px,1.2fr)_100px_minmax(140px,1.1fr)_minmax(90px,0.7fr)_150px] items-start gap-x-4 px-6';

/** The syncs of a connection: how each goes, and what may be done with it. */
export function Syncs() {
  const at = useAt();
  const can = useCan();
  const syncs = useQuery(syncsQuery(at));
  const isRunning = syncs.data?.some((sync) => sync.status === 'RUNNING') ?? false;
  const { data: runs = {} } = useQuery(lastRunsQuery(at, isRunning));
  const { data: deployed = [] } = useQuery(deployedSyncsQuery(at.env, at.integration));
  const [dialog, setDialog] = useState<SyncDialog>();
  const close = () => setDialog(undefined);
  if (syncs.isPending) return <Loading what="syncs" />;
  if (syncs.isError && !syncs.data) return <ErrorState title="The syncs did not load" error={syncs.error} onRetry={() => void syncs.refetch()} />;
  if (!syncs.data || syncs.data.length === 0) {
    return (
      <EmptyState icon={<RefreshCw size={22} aria-hidden />} title="No syncs yet">
        A sync copies what the customer has at the provider. Deploy one with <code>bespoke deploy</code>, and it appears here.
      </EmptyState>
    );
  }
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <div role="table" aria-label="Syncs" className="min-w-fit max-lg:min-w-0">
        <div role="rowgroup" className="border-b max-lg:sr-only">
          <div role="row" className={`${grid} h-9 items-center! text-hint text-ink3`}>
            <span role="columnheader">Sync</span>
            <span role="columnheader">Status</span>
            <span role="columnheader">Next run</span>
            <span role="columnheader">Last run</span>
            <span role="columnheader">Records</span>
            <span role="columnheader">
              <span className="sr-only">Actions</span>
            </span>
          </div>
        </div>
        <div role="rowgroup">
          {syncs.data.map((sync) => (
            <SyncRow
              key={sync.id}
              at={at}
              sync={sync}
              run={runs[sync.id]}
              description={deployed.find((one) => one.name === sync.name)?.description ?? undefined}
              grid={grid}
              can={can}
              onDialog={setDialog}
            />
          ))}
        </div>
      </div>
      {dialog?.kind === 'run' && <RunNowDialog at={at} sync={dialog.sync} onClose={close} />}
      {dialog?.kind === 'frequency' && <FrequencyDialog at={at} sync={dialog.sync} onClose={close} />}
      {dialog?.kind === 'variant' && <CreateVariant at={at} sync={dialog.sync} onClose={close} />}
      {dialog?.kind === 'delete' && <DeleteVariant at={at} sync={dialog.sync} onClose={close} />}
    </div>
  );
}
