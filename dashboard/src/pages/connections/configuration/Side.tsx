import { lazy, Suspense } from 'react';
import type { Connection, Revision } from '../../../api/configuration';
import type { Path } from '../../../configuration/document';
import { syntaxWords } from '../../../configuration/syntax';
import type { Editing } from '../../../configuration/useEditing';
import { Loading } from '../../../ui/States';
import { RevisionUsage } from './RevisionUsage';

const History = lazy(() => import('../../../configuration/History').then(({ History }) => ({ default: History })));
const JsonEditor = lazy(() => import('../../../configuration/JsonEditor'));

/** The pane beside the form: the JSON, or the history. */
export function Side(props: {
  at: Connection;
  editing: Editing;
  schema: object | null;
  history: boolean;
  readOnly: boolean;
  pointed?: Path;
  onCursor: (path: Path) => void;
  onSide: (history: boolean) => void;
  onRestore: (revision: Revision) => void;
  onPreview?: (revision: Revision) => void;
  onCompare: (revision: Revision) => void;
}) {
  const { editing, history } = props;
  const tab = (on: boolean) =>
    `-mb-px h-9 border-b-2 outline-offset-[-3px] ${on ? 'border-accent-text font-medium text-ink' : 'border-transparent text-ink2 hover:text-ink'}`;
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface">
      <div className="flex h-9 shrink-0 items-end gap-4 border-b px-4">
        <button type="button" aria-pressed={!history} className={tab(!history)} onClick={() => props.onSide(false)}>
          JSON of this customer
        </button>
        <button type="button" aria-pressed={history} className={tab(history)} onClick={() => props.onSide(true)}>
          History
        </button>
        {!history && (
          <span role="status" className={`ml-auto pb-2 text-hint ${editing.syntax ? 'text-bad' : 'text-ink2'}`}>
            {editing.syntax ? 'Broken' : 'Valid'}
          </span>
        )}
      </div>
      {history ? (
        <Suspense fallback={<Loading what="the history" />}>
          <History
            at={props.at}
            current={editing.base.revision}
            onRestore={props.readOnly ? undefined : props.onRestore}
            onPreview={props.onPreview}
            onCompare={props.onCompare}
            usage={(revision) => <RevisionUsage at={props.at} revision={revision} />}
          />
        </Suspense>
      ) : (
        <>
          {editing.syntax && (
            <p role="alert" className="border-b bg-bad-soft px-4 py-1.5 text-bad">
              {syntaxWords(editing.syntax)}
            </p>
          )}
          <p id="json-leave" className="sr-only">
            Escape, then Tab, leaves the editor.
          </p>
          <div className="min-h-0 flex-1">
            <Suspense fallback={<Loading what="the editor" />}>
              <JsonEditor
                label="JSON of this customer"
                text={editing.text}
                onChange={editing.setText}
                schema={props.schema}
                changed={editing.changed}
                pointed={props.pointed}
                onCursor={props.onCursor}
                readOnly={props.readOnly}
                broken={editing.syntax !== undefined}
                describedBy="json-leave"
              />
            </Suspense>
          </div>
        </>
      )}
    </div>
  );
}
