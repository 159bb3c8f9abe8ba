import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import { useEnvironment } from '../../shell/environment';
import { Page } from '../../shell/Page';
import { Button } from '../../ui/Button';
import { Segmented } from '../../ui/Segmented';
import { EmptyState } from '../../ui/States';
import { Switch } from '../../ui/Switch';
import { Filters, noFilters } from './Filters';
import { LogList } from './LogList';
import { RunDrawer } from './RunDrawer';
import { RunList } from './RunList';
import type { RunsSearch } from './search';

/** What has run and what was said: all of it findable, one run in a drawer. */
export default function RunsPage() {
  const env = useEnvironment();
  const search = useSearch({ from: '/app/$env/runs' });
  const navigate = useNavigate();
  const change = useCallback(
    (part: Partial<RunsSearch>, replace = true) =>
      void navigate({ to: '/app/$env/runs', params: { env }, search: ((old: RunsSearch) => ({ ...old, ...part })) as never, replace }),
    [env, navigate],
  );
  const open = useCallback((run: string) => change({ run }, false), [change]);
  const logs = search.view === 'logs';
  const { run, view: _, tail, level, ...filters } = search;
  const isCut = Object.values({ ...filters, level }).some(Boolean);
  const nothing = isCut ? (
    <EmptyState
      title={logs ? 'No line of the log fits these filters' : 'No run fits these filters'}
      action={<Button onClick={() => change(noFilters)}>Clear filters</Button>}
    />
  ) : undefined;
  return (
    <Page
      fill
      title="Runs and logs"
      actions={
        <>
          {logs && (
            <span className="flex items-center gap-2">
              <Switch label="Live tail" checked={tail === true} onChange={(on) => change({ tail: on || undefined })} />
              <span aria-hidden>Live tail</span>
            </span>
          )}
          <Segmented
            label="What is listed"
            value={logs ? 'logs' : 'runs'}
            options={[
              { value: 'runs', label: 'Runs' },
              { value: 'logs', label: 'Log lines' },
            ]}
            onChange={(view) => change({ view: view === 'logs' ? 'logs' : undefined, kind: undefined, status: undefined, level: undefined, tail: undefined })}
          />
        </>
      }
    >
      <Filters search={search} onChange={change} />
      <div className="-mx-6 -mb-5 flex min-h-72 flex-1 flex-col border-t max-md:-mx-5">
        {logs ? (
          <LogList filters={{ ...filters, level }} tail={tail} onOpenRun={open} empty={nothing} />
        ) : (
          <RunList filters={filters} onOpen={open} empty={nothing} />
        )}
      </div>
      <RunDrawer id={run} onClose={() => change({ run: undefined }, false)} />
    </Page>
  );
}
