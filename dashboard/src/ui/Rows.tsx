import type { ReactNode } from 'react';

/** A list of things with a line or two each; on a phone what stands at the right goes below. */
export function Rows({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul aria-label={label} className="divide-y">
      {children}
    </ul>
  );
}

export function Row(props: { title: ReactNode; badge?: ReactNode; children?: ReactNode; aside?: ReactNode; actions?: ReactNode }) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5">
      <div className="min-w-0 flex-1 basis-64">
        <div className="flex flex-wrap items-center gap-2">
          <span className="min-w-0 font-medium [overflow-wrap:anywhere]">{props.title}</span>
          {props.badge}
        </div>
        {props.children && <div className="text-hint text-ink3 [overflow-wrap:anywhere]">{props.children}</div>}
      </div>
      {props.aside && <div className="text-ink2">{props.aside}</div>}
      {props.actions && <div className="flex items-center gap-1">{props.actions}</div>}
    </li>
  );
}
