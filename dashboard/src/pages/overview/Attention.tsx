import { Link } from '@tanstack/react-router';
import { CircleCheck, ChevronRight } from 'lucide-react';
import { useState } from 'react';
import type { Attention as Item } from '../../api/overview';
import { useEnvironment } from '../../shell/environment';
import { useHasRoute } from '../../shell/places';
import { Status } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Time } from '../../ui/Time';

const kinds = {
  auth_error: { state: 'bad', word: 'Authorization failed', tab: 'authorization' },
  sync_error: { state: 'bad', word: 'Sync failed', tab: 'syncs' },
  invalid: { state: 'warn', word: 'Configuration invalid', tab: 'configuration' },
  outdated: { state: 'warn', word: 'Configuration outdated', tab: 'configuration' },
} as const;

/** How many are shown until one asks for all. */
const few = 6;

/** The connections that somebody has to do something about, the worst first as the server orders them. */
export function Attention({ list }: { list: readonly Item[] }) {
  const environment = useEnvironment();
  const linked = useHasRoute()('/app/$env/connections');
  const [all, setAll] = useState(false);
  if (list.length === 0) {
    return (
      <p className="flex items-center gap-2 rounded-card border bg-surface px-4 py-3">
        <CircleCheck size={16} className="text-ok" aria-hidden />
        Nothing needs attention.
      </p>
    );
  }
  return (
    <Card title="Needs attention" hint={`${list.length} ${list.length === 1 ? 'connection' : 'connections'}`} flush>
      <ul className="divide-y">
        {list.slice(0, all ? list.length : few).map((item) => {
          const kind = kinds[item.kind];
          const row = (
            <>
              <span className="w-44 shrink-0">
                <Status state={kind.state}>{kind.word}</Status>
              </span>
              <span className="min-w-0 flex-1 basis-60">
                <span className="font-medium">{item.name || item.connection_id}</span> <span className="text-ink3">{item.provider_config_key}</span>
                {item.message && <span className="block truncate text-hint text-ink2">{item.message}</span>}
              </span>
              <span className="text-hint text-ink3">
                <Time at={item.at} empty="" />
              </span>
            </>
          );
          const className = 'flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5';
          const path = [environment, 'connections', item.provider_config_key, item.connection_id, kind.tab].map(encodeURIComponent).join('/');
          return (
            <li key={`${item.kind} ${item.provider_config_key} ${item.connection_id}`}>
              {linked ? (
                <Link to={`/app/${path}` as string} className={`${className} hover:bg-hover`}>
                  {row}
                  <ChevronRight size={15} className="text-ink3 max-sm:hidden" aria-hidden />
                </Link>
              ) : (
                <div className={className}>{row}</div>
              )}
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
