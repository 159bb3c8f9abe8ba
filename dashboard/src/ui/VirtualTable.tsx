import { useVirtualizer } from '@tanstack/react-virtual';
import { LoaderCircle } from 'lucide-react';
import { useEffect, useRef, type ReactNode } from 'react';

export interface VirtualColumn<T> {
  name: string;
  cell: (row: T) => ReactNode;
  /** Classes of its cells and of its head, e.g. to hide it on a phone. */
  className?: string;
}

/** A long list of which only the rows in sight are there. It fills its parent and scrolls by itself. */
export function VirtualTable<T>(props: {
  label: string;
  columns: readonly VirtualColumn<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** The grid of a row: Tailwind classes. */
  grid: string;
  rowClass?: (row: T) => string;
  /** Called when its end is near. */
  onEnd?: () => void;
  loadingMore?: boolean;
  /** New rows come at the end: stays there while the reader is there. */
  stick?: boolean;
  estimate?: number;
}) {
  const { rows, onEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => props.estimate ?? 44,
    getItemKey: (index) => props.rowKey(rows[index]!),
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 10) onEnd?.();
  }, [last, rows.length, onEnd]);
  useEffect(() => {
    if (props.stick && atEnd.current && rows.length > 0) virtual.scrollToIndex(rows.length - 1, { align: 'end' });
  }, [props.stick, rows.length, virtual]);
  return (
    <div
      ref={scroller}
      role="table"
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      className="min-h-0 flex-1 overflow-auto"
      onScroll={({ currentTarget: box }) => {
        atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
      }}
    >
      <div role="rowgroup" className="sticky top-0 z-10 hidden border-b bg-surface md:block">
        <div role="row" className={`grid items-center gap-3 px-6 py-2 text-hint text-ink3 ${props.grid}`}>
          {props.columns.map((column) => (
            <div key={column.name} role="columnheader" className={`${column.className ?? ''} !text-ink3`}>
              {column.name}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index]!;
          return (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              role="row"
              aria-rowindex={item.index + 2}
              style={{ transform: `translateY(${item.start}px)` }}
              className={`absolute inset-x-0 top-0 grid items-center gap-x-3 gap-y-0.5 border-b px-5 py-2 hover:bg-hover md:px-6 ${props.grid} ${props.rowClass?.(row) ?? ''}`}
            >
              {props.columns.map((column) => (
                <div key={column.name} role="cell" className={`min-w-0 ${column.className ?? ''}`}>
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {props.loadingMore && (
        <div role="status" className="flex items-center justify-center gap-2 py-3 text-ink3">
          <LoaderCircle size={14} className="animate-spin" aria-hidden /> Loading more
        </div>
      )}
    </div>
  );
}
