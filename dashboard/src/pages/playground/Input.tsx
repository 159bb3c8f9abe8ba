import { useEffect, useId } from 'react';
import { DocumentEditor, type DocumentView } from '../../configuration/DocumentEditor';
import { type JsonObject, parse } from '../../configuration/document';
import { syntaxProblem, syntaxWords } from '../../configuration/syntax';
import { useEditing } from '../../configuration/useEditing';
import { Code } from '../../ui/Code';

/** The input of a function whose schema is known: a form, and its JSON. */
export function FormInput(props: { schema: object; start: string; view: DocumentView; onText: (text: string) => void }) {
  const { onText } = props;
  const editing = useEditing({
    owner: 'nobody',
    // Nothing is wrong before somebody has typed.
    loaded: { own: parse(props.start).value as JsonObject, revision: 0, problems: [] },
    draft: props.start,
    schema: props.schema,
  });
  useEffect(() => onText(editing.text), [onText, editing.text]);
  return <DocumentEditor editing={editing} schema={props.schema} view={props.view} label="Input" />;
}

/** The input of a function that takes no object, or whose schema nobody knows. */
export function JsonInput(props: { text: string; onText: (text: string) => void }) {
  const error = useId();
  const problem = syntaxProblem(props.text, 'any');
  return (
    <>
      <div className="min-h-40">
        <Code label="Input" value={props.text} onChange={props.onText} invalid={problem !== undefined} describedBy={problem ? error : undefined} />
      </div>
      {problem && (
        <p id={error} role="alert" className="border-t bg-bad-soft px-4 py-2 text-bad">
          {syntaxWords(problem)}
        </p>
      )}
    </>
  );
}
