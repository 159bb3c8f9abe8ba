import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Activity, SearchX } from 'lucide-react';
import { useCallback } from 'react';
import { Button } from '../../ui/Button';
import { FilterChips } from '../../ui/FilterChips';
import { EmptyState } from '../../ui/States';
import { RunDrawer } from '../runs/RunDrawer';
import { RunList } from '../runs/RunList';
import { useAt } from './ConnectionPage';

const from = '/app/$env/connections/$integration/$connection/runs';

/** What has run for the connection, or under one revision of its configuration; one run in a drawer. */
export function Runs() {
  const at = useAt();
  const { run, revision } = useSearch({ from });
  const navigate = useNavigate({ from });
  const open = useCallback((id: string | undefined) => void navigate({ search: (old) => ({ ...old, run: id }) }), [navigate]);
  const showAll = () => void navigate({ search: {} });
  const filters = { integration: at.integration, customer: at.connection, revision };
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b px-6 py-1.5 max-md:px-5">
        {revision !== undefined && <FilterChips chips={[{ key: 'revision', text: `Configuration: revision ${revision}`, onRemove: showAll }]} />}
        <Link to="/app/$env/runs" params={{ env: at.env }} search={filters} className="ml-auto font-medium text-accent-text hover:underline">
          Filter them in Runs and logs
        </Link>
      </div>
      <RunList
        filters={filters}
        onOpen={open}
        withoutCustomer
        empty={
          revision === undefined ? (
            <EmptyState icon={<Activity size={22} aria-hidden />} title="Nothing has run for this customer yet">
              A run appears here when a sync is due, an action is called, or a webhook comes in.
            </EmptyState>
          ) : (
            <EmptyState icon={<SearchX size={22} aria-hidden />} title={`Nothing has run under revision ${revision}`} action={<Button onClick={showAll}>Show all runs</Button>} />
          )
        }
      />
      <RunDrawer id={run} onClose={() => open(undefined)} />
    </div>
  );
}
