import type { EditorView } from '@codemirror/view';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import { useId, useRef, useState, type KeyboardEvent } from 'react';
import { ApiError, type Issue } from '../../api/call';
import type { At } from '../../api/connections';
import { metadataQuery, newestRevision, replaceMetadata, type Metadata } from '../../api/metadata';
import { lineAndColumn, syntaxProblem, syntaxWords } from '../../configuration/syntax';
import { Button } from '../../ui/Button';
import { Code } from '../../ui/Code';
import { toast } from '../../ui/Toasts';
import { adopt, type Operation } from './adopt';
import { MetadataConflict, type Conflict } from './MetadataConflict';

/** Edits the metadata as text. Nothing that was typed is lost, whatever the server answers. */
export function MetadataEditor({ at, loaded, onClose }: { at: At; loaded: Metadata; onClose: () => void }) {
  const queries = useQueryClient();
  const id = useId();
  const view = useRef<EditorView>(null);
  const [text, setText] = useState(loaded.text);
  // What was loaded stays the base, though the query may be asked for again meanwhile.
  const [base, setBase] = useState({ text: loaded.text, revision: loaded.revision });
  const [conflict, setConflict] = useState<Conflict>();
  const problem = syntaxProblem(text);
  const save = useMutation({
    mutationFn: () => replaceMetadata(at, text, base.revision),
    onSuccess: (saved) => {
      queries.setQueryData(metadataQuery(at).queryKey, saved);
      void queries.invalidateQueries({ queryKey: [at.env, 'connections'] });
      void queries.invalidateQueries({ queryKey: ['connection', at.env, at.integration, at.connection] });
      toast(saved.revision === base.revision ? 'Nothing was different' : `Metadata saved as revision ${saved.revision}`);
      onClose();
    },
    onError: async (error) => {
      if (!(error instanceof ApiError) || error.status !== 412) return;
      const payload = error.detail.payload as { revision: number; diff: Operation[] | null };
      const newest = await newestRevision(at).catch(() => undefined);
      setConflict({ revision: payload.revision, operations: payload.diff ?? [], who: newest?.actor.name, at: newest?.created_at });
    },
  });
  const issues = save.error instanceof ApiError && save.error.status !== 412 ? save.error.issues : [];
  const isDirty = text !== base.text;
  const go = (offset: number) => {
    const editor = view.current;
    if (!editor) return;
    editor.dispatch({ selection: { anchor: Math.min(offset, editor.state.doc.length) }, scrollIntoView: true });
    editor.focus();
  };
  const submit = () => {
    if (problem) go(problem.offset);
    else save.mutate();
  };
  const keys = (event: KeyboardEvent) => {
    const isSave = (event.ctrlKey || event.metaKey) && (event.key === 's' || event.key === 'Enter');
    if (!isSave) return;
    event.preventDefault();
    submit();
  };
  const merge = () => {
    if (!conflict) return;
    const { text: merged, base: theirs, kept } = adopt(base.text, text, conflict.operations);
    setText(merged);
    setBase({ text: theirs, revision: conflict.revision });
    setConflict(undefined);
    save.reset();
    const description = kept.length ? `You changed ${kept.join(', ')} too: yours is kept.` : 'Look at it, then save.';
    toast('Their changes are in your text', { description });
  };
  const lines = Math.min(Math.max(text.split('\n').length + 2, 10), 26);
  return (
    <div onKeyDown={keys}>
      {conflict && <MetadataConflict conflict={conflict} onMerge={merge} />}
      <div className="py-2" style={{ height: lines * 20 + 16 }}>
        <Code
          label="Metadata"
          value={text}
          onChange={(next) => {
            setText(next);
            if (save.isError && !conflict) save.reset();
          }}
          onView={(made) => {
            view.current = made;
            made.focus();
          }}
          invalid={Boolean(problem) || issues.length > 0}
          describedBy={`${id}-help ${id}-problem`}
        />
      </div>
      <div id={`${id}-problem`} className="px-4">
        {problem && (
          <p role="alert" className="flex items-center justify-between gap-3 rounded-control bg-bad-soft px-3 py-1.5 text-bad">
            {syntaxWords(problem)}
            <Button size="small" look="quiet" className="!text-bad" onClick={() => go(problem.offset)}>
              Show
            </Button>
          </p>
        )}
        {save.error && !(save.error instanceof ApiError && save.error.status === 412) && (
          <div role="alert" className="rounded-control bg-bad-soft px-3 py-2 text-bad">
            <p>{save.error.message}</p>
            {issues.length > 0 && (
              <ul className="mt-1 flex flex-col gap-1">
                {issues.map((issue, index) => (
                  <li key={index}>
                    <IssueLine issue={issue} text={text} onShow={go} />
                  </li>
                ))}
              </ul>
            )}
          </div>
        )}
      </div>
      <footer className="flex flex-wrap items-center gap-2 px-4 pt-2 pb-3">
        <Button look="primary" busy={save.isPending} disabled={Boolean(problem) || !isDirty || Boolean(conflict)} onClick={submit}>
          Save
        </Button>
        <Button onClick={onClose}>Cancel</Button>
        <span id={`${id}-help`} className="text-hint text-ink3">
          {problem ? 'Mend the text to save it.' : isDirty ? `Changed on revision ${base.revision}` : 'Nothing is changed yet.'} Escape, then Tab, leaves the editor.
        </span>
      </footer>
    </div>
  );
}

/** One thing that the server does not take, and the way to it. */
function IssueLine({ issue, text, onShow }: { issue: Issue; text: string; onShow: (offset: number) => void }) {
  const path = pathOf(issue.path);
  const root = parseTree(text);
  const node = root && path.length > 0 ? findNodeAtLocation(root, path) : undefined;
  const place = node && lineAndColumn(text, node.offset);
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      {path.length > 0 && <code className="text-code break-all">{path.join('.')}</code>}
      <span>{issue.message}</span>
      {node && place && (
        <Button size="small" look="quiet" className="!text-bad underline" onClick={() => onShow(node.offset)}>
          Line {place.line}
        </Button>
      )}
    </span>
  );
}

/** The server's path, a list or a JSON pointer, as a list; list indexes as numbers. */
function pathOf(path: Issue['path']): (string | number)[] {
  const parts = typeof path === 'string' ? path.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')) : (path ?? []);
  const list = parts[0] === 'metadata' && parts.length > 1 ? parts.slice(1) : parts;
  return list.map((part) => (typeof part === 'string' && /^\d+$/.test(part) ? Number(part) : part));
}
