import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import type { ListedConnection } from '../../api/connections';
import { at, brief, type PathReport } from '../../api/fleet';
import { metadataQuery } from '../../api/metadata';
import { useIntegration } from './IntegrationPage';

const ROW = 40;
/** The first column; narrower where it would leave no room for another. */
const HEAD = window.innerWidth < 768 ? 150 : 220;
const CELL = 168;

/**
 * Customers × paths. Only the rows in sight are there, and each asks for its own configuration: so it costs the same for ten
 * customers and for 100,000. Lit is what a customer has set; what is inherited stays quiet.
 */
export function Matrix(props: {
  rows: ListedConnection[];
  paths: PathReport[];
  onEnd: () => void;
  onColumn: (path: string) => void;
  /** Undefined where nothing may be changed. */
  selected?: ReadonlySet<string>;
  onSelect: (ids: ReadonlySet<string>) => void;
}) {
  const { rows, paths, selected, onEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 6 });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 10) onEnd();
  }, [last, rows.length, onEnd]);
  const width = HEAD + paths.length * CELL;
  const grid = { gridTemplateColumns: `${HEAD}px repeat(${paths.length}, ${CELL}px)`, width, minWidth: '100%' };
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    props.onSelect(next);
  };
  const allSelected = selected !== undefined && rows.every(({ connection_id }) => selected.has(connection_id));
  return (
    <div ref={scroller} role="table" aria-label="Customers and what they have set" aria-rowcount={rows.length + 1} tabIndex={0} className="min-h-72 flex-1 overflow-auto border-t">
      <div role="rowgroup" className="sticky top-0 z-20 border-b bg-surface" style={{ width, minWidth: '100%' }}>
        <div role="row" className="grid" style={grid}>
          <div role="columnheader" className="sticky left-0 z-10 flex items-center gap-2.5 border-r bg-surface px-3 py-2 pl-6 text-hint text-ink3 max-md:pl-5">
            {selected && (
              <input
                type="checkbox"
                aria-label="Select all customers that are listed"
                checked={allSelected}
                onChange={() => props.onSelect(allSelected ? new Set() : new Set(rows.map(({ connection_id }) => connection_id)))}
                className="size-3.5 accent-[var(--accent)]"
              />
            )}
            Customer
          </div>
          {paths.map(({ path, set, invalid }) => (
            <div key={path} role="columnheader" className="min-w-0 border-r">
              <button
                type="button"
                title={`${path}: show its values`}
                onClick={() => props.onColumn(path)}
                className="block w-full px-3 py-1.5 text-left outline-offset-[-2px] hover:bg-hover"
              >
                <Path path={path} />
                <span className="tabular block text-hint text-ink3">
                  {set} set{invalid > 0 && <span className="text-bad"> · {invalid} invalid</span>}
                </span>
              </button>
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize(), width, minWidth: '100%' }}>
        {items.map((item) => {
          const row = rows[item.index]!;
          return (
            <Row
              key={row.id}
              row={row}
              index={item.index}
              paths={paths}
              grid={{ ...grid, transform: `translateY(${item.start}px)`, height: ROW }}
              selected={selected?.has(row.connection_id)}
              onToggle={() => toggle(row.connection_id)}
            />
          );
        })}
      </div>
    </div>
  );
}

/** A path with its last part, which is what tells columns apart, always to be read. */
function Path({ path }: { path: string }) {
  const cut = path.lastIndexOf('/');
  return (
    <span className="flex font-mono text-[12px]">
      {cut > 0 && <span className="min-w-0 truncate text-ink3">{path.slice(1, cut)}/</span>}
      <span className="max-w-full min-w-6 shrink-0 truncate font-medium">{path.slice(cut + 1)}</span>
    </span>
  );
}

function Row(props: {
  row: ListedConnection;
  index: number;
  paths: PathReport[];
  grid: React.CSSProperties;
  selected: boolean | undefined;
  onToggle: () => void;
}) {
  const { row, paths } = props;
  const { env, key } = useIntegration();
  const { data } = useQuery({ ...metadataQuery({ env, integration: key, connection: row.connection_id }), staleTime: 30_000 });
  const own = useMemo(() => (data ? (JSON.parse(data.text) as unknown) : undefined), [data]);
  const name = row.name ?? row.connection_id;
  return (
    <div role="row" aria-rowindex={props.index + 2} style={props.grid} className={`absolute top-0 left-0 grid border-b ${props.selected ? 'bg-accent-soft' : ''}`}>
      <div role="cell" className={`sticky left-0 z-10 flex items-center gap-2.5 border-r px-3 pl-6 max-md:pl-5 ${props.selected ? 'bg-accent-soft' : 'bg-surface'}`}>
        {props.selected !== undefined && (
          <input type="checkbox" aria-label={`Select ${name}`} checked={props.selected} onChange={props.onToggle} className="size-3.5 shrink-0 accent-[var(--accent)]" />
        )}
        <Link
          to={`/app/${encodeURIComponent(env)}/connections/${encodeURIComponent(key)}/${encodeURIComponent(row.connection_id)}/configuration` as string}
          title={row.connection_id}
          className="truncate font-medium hover:underline"
        >
          {name}
        </Link>
      </div>
      {paths.map(({ path }) => {
        const problem = data?.problems.find((one) => one.path === path || one.path.startsWith(`${path}/`));
        const value = at(own, path);
        return (
          <div key={path} role="cell" className="flex min-w-0 items-center border-r px-3">
            {data === undefined ? null : problem ? (
              <span className="truncate text-bad" title={problem.message}>
                <span aria-hidden>✗ </span>
                <span className="sr-only">invalid: </span>
                {value === undefined ? 'missing' : brief(value)}
              </span>
            ) : value === undefined ? (
              <span className="text-ink3">
                <span aria-hidden>·</span>
                <span className="sr-only">inherits</span>
              </span>
            ) : (
              <span className="truncate rounded-badge bg-accent-soft px-1.5 text-accent-text" title={brief(value)}>
                <span aria-hidden>● </span>
                {brief(value)}
              </span>
            )}
          </div>
        );
      })}
    </div>
  );
}
