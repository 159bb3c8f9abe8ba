// A document by its schema where no customer is: an integration's defaults, the input of a function.
import { lazy, type ReactNode, Suspense, useId, useState } from 'react';
import { Loading } from '../ui/States';
import { FormPlaceProvider } from './context';
import { type Path, pointer } from './document';
import { Form } from './Form';
import { syntaxWords } from './syntax';
import type { Editing } from './useEditing';

const JsonEditor = lazy(() => import('./JsonEditor'));

/** What is shown of a document. */
export type DocumentView = 'form' | 'both' | 'json';

/** The form and the JSON of a document, in step: stacked, or side by side where there is room for it. */
export function DocumentEditor(props: {
  editing: Editing;
  schema: object;
  view: DocumentView;
  beside?: boolean;
  /** Names the JSON editor: "Input". */
  label: string;
}) {
  const { editing, view } = props;
  const [pointed, setPointed] = useState<Path>();
  const [marked, setMarked] = useState<string>();
  const help = useId();
  const broken = editing.syntax !== undefined;
  const place = { editing, system: '', audience: 'operator' as const, readOnly: broken, marked, onFocus: setPointed };
  return (
    <FormPlaceProvider value={place}>
      <div className={props.beside && view === 'both' ? 'grid lg:grid-cols-[1.3fr_1fr]' : ''}>
        {view !== 'json' && (
          <div role="region" aria-label={`${props.label} as a form`} className="min-w-0 bg-canvas p-3">
            {broken && <Broken>The JSON is broken, so the form shows its last whole state.</Broken>}
            <Form />
          </div>
        )}
        {view !== 'form' && (
          <div className={`min-w-0 ${view === 'both' ? `border-t ${props.beside ? 'lg:border-t-0 lg:border-l' : ''}` : ''}`}>
            {editing.syntax && (
              <p role="alert" className="border-b bg-bad-soft px-4 py-1.5 text-bad">
                {syntaxWords(editing.syntax)}
              </p>
            )}
            <p id={help} className="sr-only">
              Escape, then Tab, leaves the editor.
            </p>
            <div className="h-full max-h-[480px] min-h-40 overflow-auto">
              <Suspense fallback={<Loading what="the editor" />}>
                <JsonEditor
                  label={props.label}
                  text={editing.text}
                  onChange={editing.setText}
                  schema={props.schema}
                  changed={editing.changed}
                  pointed={pointed}
                  onCursor={(path) => setMarked(pointer(path))}
                  broken={broken}
                  describedBy={help}
                  complete={editing.owner === 'nobody'}
                />
              </Suspense>
            </div>
          </div>
        )}
      </div>
    </FormPlaceProvider>
  );
}

function Broken({ children }: { children: ReactNode }) {
  return (
    <p role="status" className="mb-3 rounded-card border bg-surface px-4 py-2 text-ink2">
      {children}
    </p>
  );
}
