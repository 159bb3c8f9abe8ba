import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { RecordMetadata, StoredRecord } from '../../api/records';
import { Badge, type Tone } from '../../ui/Badge';
import { Time } from '../../ui/Time';

const actions: Record<RecordMetadata['last_action'], { tone: Tone; word: string }> = {
  ADDED: { tone: 'ok', word: 'Added' },
  UPDATED: { tone: 'accent', word: 'Updated' },
  DELETED: { tone: 'bad', word: 'Deleted' },
};

/** What happened last to a record. */
export function LastAction({ action }: { action: RecordMetadata['last_action'] }) {
  const { tone, word } = actions[action];
  return <Badge tone={tone}>{word}</Badge>;
}

/** The fields that tell most of records: the first ones that hold plain values. */
export function columnsOf(records: StoredRecord[], most = 4): string[] {
  const names = new Set<string>();
  for (const record of records.slice(0, 50)) {
    for (const [name, value] of Object.entries(record)) {
      if (name !== 'id' && name !== '_nango_metadata' && (value === null || typeof value !== 'object')) names.add(name);
    }
  }
  return [...names].slice(0, most);
}

/** Records as rows; a row opens the record's panel. */
export function RecordTable(props: {
  label: string;
  records: StoredRecord[];
  hasMore: boolean;
  onEnd: () => void;
  onOpen: (id: string) => void;
  dimmed: boolean;
}) {
  const { records, hasMore, onEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: records.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 40,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= records.length - 1) onEnd();
  }, [last, records.length, hasMore]);
  const columns = columnsOf(records);
  const grid = { gridTemplateColumns: `minmax(110px,0.8fr) repeat(${columns.length}, minmax(120px,1fr)) 90px 110px` };
  const row = 'grid items-center gap-x-4 px-6 max-md:px-5';
  return (
    <div
      ref={scroller}
      role="table"
      aria-label={props.label}
      tabIndex={0}
      className={`min-h-0 flex-1 overflow-auto outline-offset-[-2px] ${props.dimmed ? 'opacity-60' : ''}`}
    >
      <div className="w-full min-w-fit">
        <div role="rowgroup" className="sticky top-0 z-[2] border-b bg-surface">
          <div role="row" className={`${row} h-8 text-hint text-ink3`} style={grid}>
            <span role="columnheader">Id</span>
            {columns.map((name) => (
              <span key={name} role="columnheader" className="truncate">
                {name}
              </span>
            ))}
            <span role="columnheader">Last change</span>
            <span role="columnheader">When</span>
          </div>
        </div>
        <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const record = records[item.index]!;
            return (
              <div
                key={item.key}
                role="row"
                className={`${row} absolute inset-x-0 top-0 h-10 border-b hover:bg-hover has-[button:focus-visible]:bg-hover`}
                style={{ ...grid, transform: `translateY(${item.start}px)` }}
              >
                <span role="cell" className="min-w-0">
                  <button
                    type="button"
                    onClick={() => props.onOpen(record.id)}
                    className="max-w-full truncate font-mono text-[12px] font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent-text"
                  >
                    {record.id}
                  </button>
                </span>
                {columns.map((name) => (
                  <span key={name} role="cell" className="truncate text-ink2">
                    <Value value={record[name]} />
                  </span>
                ))}
                <span role="cell">
                  <LastAction action={record._nango_metadata.last_action} />
                </span>
                <span role="cell" className="text-ink2">
                  <Time at={record._nango_metadata.last_modified_at} />
                </span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Value({ value }: { value: unknown }) {
  if (value === null || value === undefined || value === '') return <span className="text-ink3">empty</span>;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
