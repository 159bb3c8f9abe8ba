import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { linter } from '@codemirror/lint';
import { type Range, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, keymap } from '@codemirror/view';
import { useEffect, useMemo, useRef } from 'react';
import CodeEditor from '../ui/CodeEditor';
import { type Change, pathAt, placeOf, type Path } from './document';
import { schemaService } from './schemaService';

const setMarks = StateEffect.define<DecorationSet>();

/** Changed lines have the same bar as changed rows of the form. */
const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    const set = transaction.effects.find((effect) => effect.is(setMarks));
    return set ? set.value : value.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

const look = EditorView.theme({
  '.cm-changed': { backgroundColor: 'var(--accent-soft)', boxShadow: 'inset 2px 0 0 var(--accent)' },
  '.cm-pointed': { backgroundColor: 'var(--subtle)' },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'inherit', maxHeight: '240px' },
  '.cm-completionDetail': { color: 'var(--ink3)', fontStyle: 'normal' },
});

/** The customer's own JSON: complete and checked by the schema, changed lines marked, in step with the form. */
export default function JsonEditor(props: {
  text: string;
  onChange: (text: string) => void;
  schema: object | null;
  changed: readonly Change[];
  /** The value that the form is at: its line is shown. */
  pointed?: Path;
  onCursor?: (path: Path) => void;
  readOnly?: boolean;
  label: string;
  broken?: boolean;
  /** The id of what helps to leave the editor. */
  describedBy: string;
  /** Whether the document is the whole: then what the schema requires has to be in it. */
  complete?: boolean;
}) {
  const view = useRef<EditorView>(null);
  const cursor = useRef(props.onCursor);
  cursor.current = props.onCursor;
  const extensions = useMemo(() => {
    const service = schemaService(props.schema, props.complete);
    return [
      marks,
      look,
      props.readOnly ? [] : [linter((here) => service.lint(here), { delay: 400 }), autocompletion({ override: [(context) => service.complete(context)], icons: false }), keymap.of(completionKeymap)],
      EditorView.updateListener.of((update) => {
        if (update.selectionSet && update.view.hasFocus) cursor.current?.(pathAt(update.state.doc.toString(), update.state.selection.main.head));
      }),
    ];
    // Made once, as the editor is.
  }, []);
  useEffect(() => {
    const here = view.current;
    if (!here) return;
    const text = here.state.doc.toString();
    const lines = new Map<number, Range<Decoration>>();
    const mark = (path: Path, name: string) => {
      const place = placeOf(text, path);
      if (!place) return;
      const last = here.state.doc.lineAt(Math.min(place.to, here.state.doc.length)).number;
      for (let line = here.state.doc.lineAt(place.from).number; line <= last; line += 1) {
        const { from } = here.state.doc.line(line);
        lines.set(from, Decoration.line({ class: name }).range(from));
      }
    };
    if (props.pointed) mark(props.pointed, 'cm-pointed');
    for (const { path } of props.changed) mark(path, 'cm-changed');
    here.dispatch({ effects: setMarks.of(Decoration.set([...lines.values()], true)) });
  }, [props.changed, props.pointed, props.text]);
  useEffect(() => {
    const here = view.current;
    const place = here && props.pointed && placeOf(here.state.doc.toString(), props.pointed);
    if (place && !here.hasFocus) here.dispatch({ effects: EditorView.scrollIntoView(place.from, { y: 'nearest', yMargin: 60 }) });
  }, [props.pointed]);
  return (
    <CodeEditor
      label={props.label}
      value={props.text}
      onChange={props.onChange}
      extensions={extensions}
      readOnly={props.readOnly}
      invalid={props.broken}
      describedBy={props.describedBy}
      onView={(made) => {
        view.current = made;
      }}
    />
  );
}
