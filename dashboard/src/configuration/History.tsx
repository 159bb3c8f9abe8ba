// Who changed what, when, from where and why.
import { Bot, FunctionSquare, History as HistoryIcon, KeyRound, type LucideIcon, MonitorCog, RotateCcw, SquareTerminal, UserRound } from 'lucide-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Connection, type Revision, revisionsQuery } from '../api/configuration';
import { Button } from '../ui/Button';
import { EmptyState, ErrorState, Loading } from '../ui/States';
import { Time } from '../ui/Time';
import { actorWords } from './actors';

const icons: Record<string, LucideIcon> = {
  user: MonitorCog,
  end_customer: UserRound,
  api_key: KeyRound,
  function: FunctionSquare,
  system: Bot,
};

const sources: Record<string, string> = {
  api: 'API',
  cli: 'command line',
  function: 'function run',
  import: 'with the connection',
  restore: 'restored',
  bulk: 'bulk change',
  promote: 'made a default',
  baseline: 'before the history',
  migration: 'migration',
  seal: 'sealed a secret',
  dashboard: 'dashboard',
  configure: 'customer page',
};

/** Rows of the list: what a function wrote in a row is one. */
type Entry = { kind: 'one'; revision: Revision } | { kind: 'run'; revisions: Revision[] };

function entries(revisions: readonly Revision[]): Entry[] {
  const rows: Entry[] = [];
  for (const revision of revisions) {
    const last = rows[rows.length - 1];
    const by = revision.actor.type === 'function' ? revision.actor.name : undefined;
    if (by !== undefined && last?.kind === 'run' && last.revisions[0]!.actor.name === by) last.revisions.push(revision);
    else if (by !== undefined) rows.push({ kind: 'run', revisions: [revision] });
    else rows.push({ kind: 'one', revision });
  }
  return rows;
}

export function History(props: {
  at: Connection;
  current: number;
  /** Undefined for who may only look. */
  onRestore?: (revision: Revision) => void;
  onCompare: (revision: Revision) => void;
  /** Undefined where there is nothing to preview. */
  onPreview?: (revision: Revision) => void;
  /** What came of a revision. */
  usage?: (revision: Revision) => ReactNode;
}) {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(revisionsQuery(props.at));
  if (isPending) return <Loading what="the history" />;
  if (error) return <ErrorState title="The history did not load" error={error} onRetry={() => void refetch()} />;
  const all = data.pages.flatMap((page) => page.revisions);
  if (all.length === 0) {
    return (
      <EmptyState icon={<HistoryIcon size={20} aria-hidden />} title="Nothing was changed yet">
        Every change makes a revision here, with who, when and why. Any of them can be restored.
      </EmptyState>
    );
  }
  return (
    <div tabIndex={0} aria-label="History" className="h-full overflow-auto">
      <ol>
        {entries(all).map((entry) =>
          entry.kind === 'run' && entry.revisions.length > 2 ? (
            <Run key={entry.revisions[0]!.revision} revisions={entry.revisions} {...props} />
          ) : (
            (entry.kind === 'run' ? entry.revisions : [entry.revision]).map((revision) => <Item key={revision.revision} revision={revision} {...props} />)
          ),
        )}
      </ol>
      {hasNextPage && (
        <div className="p-4">
          <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show older
          </Button>
        </div>
      )}
    </div>
  );
}

type ItemProps = Omit<Parameters<typeof History>[0], 'at'>;

function Run({ revisions, ...rest }: ItemProps & { revisions: Revision[] }) {
  const [last, first] = [revisions[0]!, revisions[revisions.length - 1]!];
  return (
    <li className="border-b">
      <details>
        <summary className="cursor-pointer px-4 py-3">
          {revisions.length} changes by <code>{actorWords(last)}</code>, <Time at={first.created_at} /> – <Time at={last.created_at} />
        </summary>
        <ol className="border-t">
          {revisions.map((revision) => (
            <Item key={revision.revision} revision={revision} {...rest} />
          ))}
        </ol>
      </details>
    </li>
  );
}

const pathsShown = 6;

function Item({ revision, current, onRestore, onCompare, onPreview, usage }: ItemProps & { revision: Revision }) {
  const Icon = revision.source === 'cli' ? SquareTerminal : revision.source === 'restore' ? RotateCcw : (icons[revision.actor.type] ?? KeyRound);
  const paths = [...new Set(revision.patch.map(({ path }) => path.slice(1).replaceAll('/', '.') || 'everything'))];
  return (
    <li className="flex gap-3 border-b px-4 py-3 last:border-b-0">
      <Icon size={15} className="mt-0.5 shrink-0 text-ink3" aria-hidden />
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-baseline gap-x-2">
          <span className="font-medium">{actorWords(revision)}</span>
          <span className="text-hint text-ink3">
            <Time at={revision.created_at} /> · {sources[revision.source] ?? revision.source}
          </span>
          <span className="tabular ml-auto text-hint text-ink3">
            {revision.revision === current ? <b className="font-medium text-ink2">Revision {revision.revision}, now</b> : `Revision ${revision.revision}`}
          </span>
        </div>
        {revision.reason && <p className="break-words text-ink2">“{revision.reason}”</p>}
        <div className="mt-1 flex flex-wrap gap-1">
          {paths.slice(0, pathsShown).map((path) => (
            <code key={path} className="rounded-badge bg-subtle px-1 text-[11.5px] break-all text-ink2">
              {path}
            </code>
          ))}
          {paths.length > pathsShown && <span className="text-hint text-ink3">and {paths.length - pathsShown} more</span>}
        </div>
        {usage?.(revision)}
        <div className="mt-1.5 flex gap-1">
          <Button size="small" look="quiet" className="-ml-2" onClick={() => onCompare(revision)}>
            Compare
          </Button>
          {onPreview && revision.revision !== current && (
            <Button size="small" look="quiet" onClick={() => onPreview(revision)}>
              Preview
            </Button>
          )}
          {onRestore && revision.revision !== current && (
            <Button size="small" look="quiet" onClick={() => onRestore(revision)}>
              Restore…
            </Button>
          )}
        </div>
      </div>
    </li>
  );
}
