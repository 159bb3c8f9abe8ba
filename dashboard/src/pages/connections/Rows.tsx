import { Link, useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Copy, MoreHorizontal, RefreshCw, Trash2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { ListedConnection } from '../../api/connections';
import { triggerSyncs } from '../../api/syncs';
import { useCan } from '../../shell/environment';
import { useShortcuts } from '../../shell/keys';
import { Status } from '../../ui/Badge';
import { IconButton } from '../../ui/Button';
import { Menu, type MenuItem } from '../../ui/Menu';
import { Time } from '../../ui/Time';
import { toast, toastError } from '../../ui/Toasts';
import { DeleteConnection } from './DeleteConnection';
import { IntegrationMark } from './Mark';
import { healthText, healthTone, plural } from './words';

const grid =
  'grid grid-cols-[minmax(220px,2fr)_minmax(130px,1fr)_minmax(180px,1.1fr)_minmax(150px,1fr)_90px_32px] items-center gap-x-4 px-6 max-md:px-5';

interface RowsProps {
  env: string;
  rows: ListedConnection[];
  names: Map<string, string>;
  /** All that match, for those who cannot see how long the list is. */
  matched: number;
  hasMore: boolean;
  onEnd: () => void;
  dimmed: boolean;
}

/** The rows of the list: only those that can be seen are there. `j` and `k` go down and up. */
export function Rows({ env, rows, names, matched, hasMore, onEnd, dimmed }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const isNarrow = useNarrow();
  const virtual = useVirtualizer({
    count: rows.length + (hasMore ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => (isNarrow ? 64 : 40),
    overscan: 12,
    getItemKey: (index) => rows[index]?.id ?? 'more',
  });
  useEffect(() => virtual.measure(), [isNarrow]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - 1) onEnd();
  }, [last, rows.length, hasMore]);
  useRowKeys(rows.length, (index) => {
    virtual.scrollToIndex(index);
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-row="${index}"] a`)?.focus());
  });
  return (
    <div
      ref={scroller}
      role="table"
      aria-label="Connections"
      aria-rowcount={matched + 1}
      tabIndex={0}
      className={`min-h-0 flex-1 overflow-auto outline-offset-[-2px] transition-opacity ${dimmed ? 'opacity-60' : ''}`}
    >
      <div role="rowgroup" className="sticky top-0 z-[2] border-b bg-surface max-md:sr-only">
        <div role="row" aria-rowindex={1} className={`${grid} h-8 text-hint text-ink3`}>
          <span role="columnheader">Customer</span>
          <span role="columnheader">Integration</span>
          <span role="columnheader">Status</span>
          <span role="columnheader">Configuration</span>
          <span role="columnheader">Last sync</span>
          <span role="columnheader">
            <span className="sr-only">Actions</span>
          </span>
        </div>
      </div>
      <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          return (
            <div
              key={item.key}
              role="row"
              aria-rowindex={item.index + 2}
              data-row={item.index}
              className="absolute inset-x-0 top-0 border-b"
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
            >
              {row ? <Row env={env} row={row} integration={names.get(row.provider_config_key) ?? row.provider_config_key} /> : <MoreRow />}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function MoreRow() {
  return (
    <div role="cell" className="px-6 py-2.5 text-ink3">
      Loading more connections
    </div>
  );
}

function Row({ env, row, integration }: { env: string; row: ListedConnection; integration: string }) {
  const params = { env, integration: row.provider_config_key, connection: row.connection_id };
  const name = row.name || row.connection_id;
  return (
    <div className={`${grid} group relative h-full hover:bg-hover has-[a:focus-visible]:bg-hover max-md:flex max-md:flex-wrap max-md:content-center max-md:gap-x-2 max-md:gap-y-0.5 max-md:pr-14`}>
      <span role="cell" className="flex min-w-0 items-baseline gap-2 max-md:w-full">
        <Link
          to="/app/$env/connections/$integration/$connection/authorization"
          params={params}
          className="shrink-0 truncate font-medium outline-offset-[-2px] after:absolute after:inset-0 max-w-full focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-accent-text focus-visible:after:-outline-offset-2"
        >
          {name}
        </Link>
        {row.name && <span className="min-w-0 truncate font-mono text-[11.5px] text-ink3">{row.connection_id}</span>}
      </span>
      <span role="cell" className="flex min-w-0 items-center gap-2 text-ink2 max-md:text-hint">
        <IntegrationMark name={integration} />
        <span className="truncate">{integration}</span>
      </span>
      <span role="cell" className="flex min-w-0 items-center gap-1.5">
        <Status state={healthTone(row.status)}>{healthText(row)}</Status>
        {row.statuses.length > 1 && <span className="text-hint whitespace-nowrap text-ink3">+{row.statuses.length - 1}</span>}
      </span>
      <span role="cell" className="truncate text-ink2 max-md:hidden">
        {row.own_values > 0 ? (
          <>
            <span aria-hidden className="mr-1.5 inline-block size-1.5 rounded-full bg-accent-text align-middle" />
            {plural(row.own_values, 'own value')} · r{row.revision}
          </>
        ) : (
          <span className="text-ink3">Defaults only</span>
        )}
      </span>
      <span role="cell" className="text-ink2 max-md:hidden">
        <Time at={row.last_sync_at} empty="Never" />
      </span>
      <span role="cell" className="relative z-[1] max-md:absolute max-md:right-3">
        <RowMenu env={env} row={row} name={name} />
      </span>
    </div>
  );
}

function RowMenu({ env, row, name }: { env: string; row: ListedConnection; name: string }) {
  const can = useCan();
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const at = { env, integration: row.provider_config_key, connection: row.connection_id };
  const items: (MenuItem | null)[] = [
    {
      label: 'Open syncs',
      onSelect: () => void navigate({ to: '/app/$env/connections/$integration/$connection/syncs', params: at }),
    },
    {
      label: 'Copy id',
      icon: <Copy size={14} aria-hidden />,
      onSelect: () => void navigator.clipboard.writeText(row.connection_id).then(() => toast('Id copied')),
    },
  ];
  if (can('environment:syncs:execute')) {
    items.push({
      label: 'Sync now',
      icon: <RefreshCw size={14} aria-hidden />,
      onSelect: () =>
        void triggerSyncs(at, [], 'incremental').then(
          () => toast(`The syncs of ${name} run`),
          (error: unknown) => toastError(`The syncs of ${name} were not run`, error),
        ),
    });
  }
  if (can('environment:connections:delete')) {
    items.push(null, { label: 'Delete connection…', icon: <Trash2 size={14} aria-hidden />, danger: true, onSelect: () => setDeleting(true) });
  }
  return (
    <>
      <Menu
        items={items}
        trigger={
          <IconButton label={`More for ${name}`} className="opacity-0 group-hover:opacity-100 focus-visible:opacity-100 data-popup-open:opacity-100 pointer-coarse:opacity-100">
            <MoreHorizontal size={16} aria-hidden />
          </IconButton>
        }
      />
      {deleting && <DeleteConnection at={at} name={name} open onClose={() => setDeleting(false)} />}
    </>
  );
}

/** `j` and `k` go through the rows, from where the focus is. */
function useRowKeys(length: number, go: (index: number) => void) {
  const move = (by: number) => {
    const focused = document.activeElement?.closest<HTMLElement>('[data-row]')?.dataset.row;
    const to = Math.min(Math.max(focused === undefined ? 0 : Number(focused) + by, 0), length - 1);
    if (to >= 0) go(to);
  };
  useShortcuts([
    { keys: 'j', what: 'Next row', run: () => move(1) },
    { keys: 'k', what: 'Row before', run: () => move(-1) },
  ]);
}

function useNarrow() {
  const query = '(width < 48rem)';
  const [narrow, setNarrow] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const changed = () => setNarrow(media.matches);
    media.addEventListener('change', changed);
    return () => media.removeEventListener('change', changed);
  }, []);
  return narrow;
}
