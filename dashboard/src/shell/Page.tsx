import type { ReactNode } from 'react';

/**
 * A page's title, what can be done on it, and its content. `reading` keeps lines short; `fill` takes the whole height and
 * leaves scrolling to what is inside (long lists).
 */
export function Page(props: {
  title: ReactNode;
  hint?: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
  reading?: boolean;
  fill?: boolean;
}) {
  return (
    <div
      className={`flex w-full flex-col gap-4 px-6 py-5 max-md:px-5 ${props.fill ? 'min-h-0 flex-1 bg-surface' : ''} ${props.reading ? 'max-w-[960px]' : ''}`}
    >
      <header className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-60">
          <h1 className="text-list-page font-semibold">{props.title}</h1>
          {props.hint && <p className="text-ink2">{props.hint}</p>}
        </div>
        {props.actions && <div className="flex flex-wrap items-center gap-2">{props.actions}</div>}
      </header>
      {props.children}
    </div>
  );
}
