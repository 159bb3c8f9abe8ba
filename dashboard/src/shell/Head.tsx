import { useLocation } from '@tanstack/react-router';
import { useEffect, useRef, type ReactNode, type RefObject } from 'react';

/** The head of one thing that has tabs: its mark, its name, what it is, and what can be done with it. */
export function Head(props: { mark: ReactNode; name: string; beside?: ReactNode; what: ReactNode; children?: ReactNode }) {
  return (
    <header className="flex min-h-13 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 px-6 pt-3 pb-1 max-md:px-5">
      {props.mark}
      <div className="min-w-0 flex-1 basis-60">
        <div className="flex flex-wrap items-center gap-x-2">
          <h1 className="truncate text-page font-semibold">{props.name}</h1>
          {props.beside}
        </div>
        <div className="flex items-center gap-1.5 text-hint text-ink3">{props.what}</div>
      </div>
      {props.children}
    </header>
  );
}

/** For a row of links that may be wider than the screen: brings the one of the page into sight. */
export function useCurrentInSight(): RefObject<HTMLElement | null> {
  const row = useRef<HTMLElement>(null);
  const path = useLocation({ select: ({ pathname }) => pathname });
  useEffect(() => {
    // In braces: browsers have begun to give a promise back, and React would take it for a clean-up.
    void row.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [path]);
  return row;
}

/** The row of tabs under a head: links with the props of `tab`. */
export function Tabs({ label, children }: { label: string; children: ReactNode }) {
  const row = useCurrentInSight();
  return (
    <nav ref={row} aria-label={label} className="flex h-9 shrink-0 items-end gap-5 overflow-x-auto border-b px-6 max-md:px-5">
      {children}
    </nav>
  );
}

/** How a link looks that is a tab. */
export const tab = {
  className: '-mb-px flex h-9 items-center border-b-2 border-transparent whitespace-nowrap text-ink2 outline-offset-[-3px] hover:text-ink',
  activeProps: { className: '!border-accent-text font-medium !text-ink' },
};
