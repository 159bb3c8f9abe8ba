import { Braces, Columns2, ListChecks, Play } from 'lucide-react';
import { lazy, type ReactNode, Suspense } from 'react';
import type { Editing } from '../../../configuration/useEditing';
import { Button } from '../../../ui/Button';
import { Segmented } from '../../../ui/Segmented';

// Few integrations have more than one sync to preview.
const Menu = lazy(() => import('../../../ui/Menu').then(({ Menu }) => ({ default: Menu })));

export type View = 'form' | 'both' | 'json';

const count = (number: number, one: string, many: string) => (number === 1 ? `1 ${one}` : `${number} ${many}`);

/** What is unsaved, how it is looked at, and what can be done with it. */
export function Toolbar(props: {
  editing: Editing;
  saved: ReactNode;
  view: View;
  wide: boolean;
  hasForm: boolean;
  readOnly: boolean;
  onView: (view: View) => void;
  /** Syncs that can be previewed. */
  syncs: readonly string[];
  previewing: boolean;
  onPreview: (sync: string) => void;
  onReview: () => void;
  onProblem: () => void;
}) {
  const { editing, syncs } = props;
  const changes = editing.changed.length;
  const errors = editing.problems.filter((one) => one.level === 'error').length;
  const preview = (
    <Button icon={<Play size={14} aria-hidden />} aria-pressed={props.previewing} disabled={editing.syntax !== undefined} onClick={syncs.length === 1 ? () => props.onPreview(syncs[0]!) : undefined}>
      Preview
    </Button>
  );
  return (
    <div className="sticky top-0 z-20 flex min-h-12 shrink-0 flex-wrap items-center gap-x-3 gap-y-1.5 border-b bg-surface px-6 py-1.5 max-md:px-5">
      <div className="min-w-0 flex-1 text-ink2">
        <span role="status">
          {changes > 0 && (
            <>
              <b className="font-semibold text-accent-text">{count(changes, 'unsaved change', 'unsaved changes')}</b> on revision {editing.base.revision}
            </>
          )}
        </span>
        {changes === 0 && props.saved}
        {errors > 0 && (
          <button type="button" onClick={props.onProblem} className="ml-3 font-medium text-bad hover:underline">
            {count(errors, 'error', 'errors')}
          </button>
        )}
      </div>
      {props.hasForm && (
        <Segmented<View>
          label="View"
          value={props.view}
          onChange={props.onView}
          options={[
            { value: 'form', label: 'Form', icon: <ListChecks size={14} aria-hidden /> },
            ...(props.wide ? [{ value: 'both' as const, label: 'Both', icon: <Columns2 size={14} aria-hidden /> }] : []),
            { value: 'json', label: 'JSON', icon: <Braces size={14} aria-hidden /> },
          ]}
        />
      )}
      {!props.readOnly && (
        <div className="flex items-center gap-2 max-md:fixed max-md:inset-x-0 max-md:bottom-0 max-md:z-30 max-md:justify-end max-md:border-t max-md:bg-surface max-md:px-5 max-md:py-2">
          {(changes > 0 || editing.syntax) && (
            <Button look="quiet" onClick={editing.discard}>
              Discard
            </Button>
          )}
          {syncs.length === 1 && preview}
          {syncs.length > 1 && (
            <Suspense fallback={preview}>
              <Menu trigger={preview} items={syncs.map((name) => ({ label: name, onSelect: () => props.onPreview(name) }))} />
            </Suspense>
          )}
          <Button look="primary" disabled={changes === 0 || editing.syntax !== undefined} onClick={props.onReview}>
            Review and apply
          </Button>
        </div>
      )}
    </div>
  );
}
