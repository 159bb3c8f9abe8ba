import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Activity } from 'lucide-react';
import { useCallback } from 'react';
import { EmptyState } from '../../ui/States';
import { RunDrawer } from '../runs/RunDrawer';
import { RunList } from '../runs/RunList';
import { useAt } from './ConnectionPage';

const from = '/app/$env/connections/$integration/$connection/runs';

/** What has run for the connection, one run in a drawer. */
export function Runs() {
  const at = useAt();
  const { run } = useSearch({ from });
  const navigate = useNavigate({ from });
  const open = useCallback((id: string | undefined) => void navigate({ search: { run: id } }), [navigate]);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <p className="flex justify-end border-b px-6 py-1.5 max-md:px-5">
        <Link
          to="/app/$env/runs"
          params={{ env: at.env }}
          search={{ integration: at.integration, customer: at.connection }}
          className="font-medium text-accent-text hover:underline"
        >
          Filter them in Runs and logs
        </Link>
      </p>
      <RunList
        filters={{ integration: at.integration, customer: at.connection }}
        onOpen={open}
        withoutCustomer
        empty={
          <EmptyState icon={<Activity size={22} aria-hidden />} title="Nothing has run for this customer yet">
            A run appears here when a sync is due, an action is called, or a webhook comes in.
          </EmptyState>
        }
      />
      <RunDrawer id={run} onClose={() => open(undefined)} />
    </div>
  );
}
