import { Link } from '@tanstack/react-router';
import { CircleCheck, ChevronRight } from 'lucide-react';
import { useState } from 'react';
import type { ListedConnection, Trouble } from '../../api/connections';
import { useEnvironment } from '../../shell/environment';
import { Status } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Time } from '../../ui/Time';
import { count } from './numbers';

const kinds: Record<Trouble, { state: 'bad' | 'warn'; word: string; tab: string }> = {
  auth_error: { state: 'bad', word: 'Authorization failed', tab: 'authorization' },
  sync_error: { state: 'bad', word: 'Sync failed', tab: 'syncs' },
  invalid: { state: 'warn', word: 'Configuration invalid', tab: 'configuration' },
  outdated: { state: 'warn', word: 'Configuration outdated', tab: 'configuration' },
};

/** How many are shown until one asks for all. */
const few = 6;

/** The connections that somebody has to do something about, the worst first as the server orders them. */
export function Attention({ list, total }: { list: readonly ListedConnection[]; total: number }) {
  const environment = useEnvironment();
  const [all, setAll] = useState(false);
  if (list.length === 0) {
    return (
      <p className="flex items-center gap-2 rounded-card border bg-surface px-4 py-3">
        <CircleCheck size={16} className="text-ok" aria-hidden />
        {total === 0 ? 'No connections yet, so nothing needs attention.' : `Nothing needs attention: ${total === 1 ? 'the connection is' : `all ${count(total)} connections are`} OK.`}
      </p>
    );
  }
  return (
    <Card title="Needs attention" hint={`${list.length}${list.length === 50 ? ' or more' : ''} of ${count(total)} ${total === 1 ? 'connection' : 'connections'}`} flush>
      <ul className="divide-y">
        {list.slice(0, all ? list.length : few).map((item) => {
          const kind = kinds[item.status as Trouble];
          const others = item.statuses.filter((one) => one !== item.status).map((one) => kinds[one].word.toLowerCase());
          const path = [environment, 'connections', item.provider_config_key, item.connection_id, kind.tab].map(encodeURIComponent).join('/');
          return (
            <li key={item.id}>
              <Link to={`/app/${path}` as string} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5 hover:bg-hover">
                <span className="w-44 shrink-0">
                  <Status state={kind.state}>{kind.word}</Status>
                </span>
                <span className="min-w-0 flex-1 basis-60">
                  <span className="font-medium">{item.name || item.connection_id}</span> <span className="text-ink3">{item.provider_config_key}</span>
                  {(item.problems > 0 || others.length > 0) && (
                    <span className="block text-hint text-ink2">
                      {[item.problems > 0 && `${item.problems} ${item.problems === 1 ? 'value does' : 'values do'} not fit`, ...others].filter(Boolean).join(' · ')}
                    </span>
                  )}
                </span>
                <span className="text-hint text-ink3">
                  synced <Time at={item.last_sync_at} empty="never" />
                </span>
                <ChevronRight size={15} className="text-ink3 max-sm:hidden" aria-hidden />
              </Link>
            </li>
          );
        })}
      </ul>
      {list.length > few && !all && (
        <div className="border-t px-4 py-2">
          <Button look="quiet" size="small" onClick={() => setAll(true)}>
            Show all {list.length}
          </Button>
        </div>
      )}
    </Card>
  );
}
