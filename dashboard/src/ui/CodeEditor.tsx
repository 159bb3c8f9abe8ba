import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { javascript } from '@codemirror/lang-javascript';
import { json } from '@codemirror/lang-json';
import { bracketMatching, foldGutter, foldKeymap, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Annotation, Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { nonce } from '../nonce';
import { colours } from './codeColours';

/** Marks a change that came from outside of the editor, so that it is not told back. */
const outside = Annotation.define<boolean>();

const theme = EditorView.theme({
  '&': { fontSize: '12.5px', backgroundColor: 'transparent', color: 'var(--ink)', height: '100%' },
  '.cm-scroller': { fontFamily: 'var(--font-mono, "JetBrains Mono Variable", monospace)', lineHeight: '20px' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--ink3)', border: 'none' },
  '&.cm-focused': { outline: '2px solid var(--accent-text)', outlineOffset: '-2px' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--accent-soft) !important' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--subtle)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', border: '1px solid var(--line)', borderRadius: '6px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--ink)' },
  '.cm-panels': { backgroundColor: 'var(--subtle)', color: 'var(--ink)' },
});

export interface CodeEditorProps {
  label: string;
  value: string;
  onChange?: (value: string) => void;
  language?: 'json' | 'typescript';
  readOnly?: boolean;
  /** Lint, completion, marks: kept from the first render. */
  extensions?: Extension[];
  /** Given the view once it is there, e.g. to jump to a line. */
  onView?: (view: EditorView) => void;
  invalid?: boolean;
  describedBy?: string;
}

/** The code editor. Escape, then Tab, leaves it. */
export default function CodeEditor(props: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const changed = useRef(props.onChange);
  changed.current = props.onChange;
  const attributes = useRef(new Compartment());
  const contentAttributes = EditorView.contentAttributes.of({
    'aria-label': props.label,
    // What cannot be edited has to be scrolled by keys all the same.
    ...(props.readOnly ? { tabindex: '0' } : {}),
    ...(props.invalid ? { 'aria-invalid': 'true' } : {}),
    ...(props.describedBy ? { 'aria-describedby': props.describedBy } : {}),
  });
  useEffect(() => {
    const readOnly = props.readOnly ? [EditorState.readOnly.of(true), EditorView.editable.of(false)] : [];
    const made = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: props.value,
        extensions: [
          nonce ? EditorView.cspNonce.of(nonce) : [],
          lineNumbers(),
          foldGutter(),
          history(),
          bracketMatching(),
          highlightSelectionMatches(),
          indentUnit.of('  '),
          syntaxHighlighting(colours),
          props.language === 'typescript' ? javascript({ typescript: true }) : json(),
          EditorView.lineWrapping,
          theme,
          readOnly,
          attributes.current.of(contentAttributes),
          props.extensions ?? [],
          keymap.of([...defaultKeymap, ...historyKeymap, ...foldKeymap, ...searchKeymap, ...lintKeymap, indentWithTab]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !update.transactions.some((one) => one.annotation(outside))) {
              changed.current?.(update.state.doc.toString());
            }
          }),
        ],
      }),
    });
    view.current = made;
    props.onView?.(made);
    return () => made.destroy();
    // The editor is made once; what changes afterwards is brought in below.
  }, []);
  useEffect(() => {
    view.current?.dispatch({ effects: attributes.current.reconfigure(contentAttributes) });
  }, [props.label, props.invalid, props.describedBy]);
  useEffect(() => {
    const current = view.current;
    if (!current) return;
    const old = current.state.doc.toString();
    if (old === props.value) return;
    // The smallest replacement, so that the cursor stays where it is.
    let start = 0;
    while (start < old.length && start < props.value.length && old[start] === props.value[start]) start += 1;
    let end = 0;
    while (end < old.length - start && end < props.value.length - start && old[old.length - 1 - end] === props.value[props.value.length - 1 - end]) end += 1;
    current.dispatch({
      changes: { from: start, to: old.length - end, insert: props.value.slice(start, props.value.length - end) },
      annotations: outside.of(true),
    });
  }, [props.value]);
  return <div ref={host} className="h-full min-h-0 overflow-auto" />;
}
