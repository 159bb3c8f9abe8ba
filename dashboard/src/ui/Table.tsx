import type { ReactNode } from 'react';

/** A plain table for a few dozen rows. Columns of numbers stand at the right. */
export function Table(props: {
  label: string;
  head: readonly { label: string; number?: boolean }[];
  rows: readonly { key: string; cells: readonly ReactNode[] }[];
  /** Greatest height before it scrolls, in px. */
  height?: number;
}) {
  return (
    <div className="overflow-auto" style={{ maxHeight: props.height }} tabIndex={0} role="group" aria-label={props.label}>
      <table className="w-full text-left">
        <thead className="sticky top-0 bg-surface text-hint text-ink3">
          <tr>
            {props.head.map(({ label, number }) => (
              <th key={label} scope="col" className={`border-b px-4 py-2 font-normal whitespace-nowrap ${number ? 'text-right' : ''}`}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y">
          {props.rows.map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, index) => (
                <td key={index} className={`px-4 py-2 ${props.head[index]?.number ? 'tabular text-right' : ''}`}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
