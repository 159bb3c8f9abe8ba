import { syntaxHighlighting } from '@codemirror/language';
import { unifiedMergeView } from '@codemirror/merge';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { nonce } from '../nonce';
import { colours } from './codeColours';

const theme = EditorView.theme({
  '&': { fontSize: '12.5px', backgroundColor: 'transparent', color: 'var(--ink)' },
  '.cm-scroller': { fontFamily: '"JetBrains Mono Variable", monospace', lineHeight: '20px' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--ink3)', border: 'none' },
  '.cm-deletedChunk': { backgroundColor: 'var(--bad-soft)', boxShadow: 'inset 2px 0 0 var(--bad)', paddingLeft: '6px' },
  '.cm-deletedChunk .cm-deletedText, .cm-deletedChunk del': { background: 'none', textDecoration: 'none' },
  '.cm-changedLine, .cm-insertedLine': { backgroundColor: 'var(--ok-soft) !important' },
  '.cm-line.cm-changedLine, .cm-line.cm-insertedLine': { boxShadow: 'inset 2px 0 0 var(--ok)' },
  'ins.cm-insertedLine': { boxShadow: 'none', textDecoration: 'none' },
  '.cm-changedText': { background: 'none !important' },
  '.cm-changeGutter': { width: '0' },
  '.cm-collapsedLines': { background: 'var(--subtle)', color: 'var(--ink3)', fontFamily: '"Inter Variable", sans-serif', fontSize: '12px', padding: '2px 8px' },
  '.cm-collapsedLines:before, .cm-collapsedLines:after': { content: '""' },
});

/** What differs between two texts, what is the same folded to two lines around. */
export default function Diff({ before, after, label, language, className = '' }: { before: string; after: string; label: string; language: Extension; className?: string }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const view = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: after,
        extensions: [
          nonce ? EditorView.cspNonce.of(nonce) : [],
          language,
          lineNumbers(),
          syntaxHighlighting(colours),
          EditorState.readOnly.of(true),
          EditorView.editable.of(false),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          theme,
          unifiedMergeView({ original: before, mergeControls: false, gutter: false, syntaxHighlightDeletions: false, highlightChanges: false, collapseUnchanged: { margin: 2, minSize: 4 } }),
        ],
      }),
    });
    return () => view.destroy();
  }, [before, after, label]);
  return <div ref={host} className={`overflow-auto ${className}`} />;
}
