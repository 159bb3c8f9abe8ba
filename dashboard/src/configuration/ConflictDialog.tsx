// Somebody else saved while this one was edited: what came in, and what has to be chosen.
import { useState } from 'react';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { at, reset as without, set, type JsonObject, parse, pointer, print } from './document';
import type { Merge } from './merge';
import type { OptionsStore } from './options';
import { titleAt } from './schema';
import { valueWords } from './sentences';
import type { Editing } from './useEditing';

export function ConflictDialog(props: {
  open: boolean;
  onClose: () => void;
  merge: Merge;
  /** What they saved. */
  theirs: JsonObject;
  editing: Editing;
  options: OptionsStore;
  /** Who saved what. */
  who: string;
  onMerge: (own: JsonObject) => void;
}) {
  const { merge, editing, options } = props;
  const [choices, setChoices] = useState<Record<string, 'mine' | 'theirs'>>({});
  const open = merge.conflicts.filter(({ path }) => !choices[pointer(path)]);
  const done = () => {
    let text = print(merge.document);
    for (const { path, theirs, mine } of merge.conflicts) {
      const value = choices[pointer(path)] === 'theirs' ? theirs : mine;
      text = value === undefined ? without(text, path) : set(text, path, value);
    }
    props.onMerge(parse(text).value ?? merge.document);
  };
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      title="See what changed"
      description={props.who}
      width={720}
      foot={
        <>
          <span className="mr-auto text-hint text-ink2">
            {open.length > 0 ? `${open.length === 1 ? '1 value' : `${open.length} values`} to choose` : 'Nothing is written yet: you review and apply afterwards.'}
          </span>
          <Button onClick={props.onClose}>Keep editing</Button>
          <Button look="primary" disabled={open.length > 0} onClick={done}>
            Merge
          </Button>
        </>
      }
    >
      {merge.taken.length > 0 && (
        <div className="mb-4">
          <h3 className="mb-1 font-semibold">Comes in by itself</h3>
          <ul className="space-y-1">
            {merge.taken.map((path) => (
              <li key={pointer(path)}>
                <b className="font-medium">{titleAt(editing.form?.schema, path)}</b> is now{' '}
                <span className="break-words">{valueWords(at(props.theirs, path), path, options)}</span>{' '}
                <span className="text-ink2">(was {valueWords(at(editing.base.own, path), path, options)})</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {merge.conflicts.length > 0 ? (
        <div className="space-y-3">
          <h3 className="font-semibold">Both of you changed this</h3>
          {merge.conflicts.map(({ path, base, theirs, mine }) => {
            const here = pointer(path);
            const say = (value: typeof base) => valueWords(value, path, options);
            return (
              <fieldset key={here} className="overflow-hidden rounded-card border">
                <legend className="sr-only">{path.join('.')}</legend>
                <p className="border-b bg-subtle px-3 py-1.5">
                  <b className="font-medium">{titleAt(editing.form?.schema, path)}</b> <span className="text-ink2">was {say(base)}</span>
                </p>
                {(['theirs', 'mine'] as const).map((side) => (
                  <label key={side} className={`flex cursor-pointer gap-2.5 border-b px-3 py-2 last:border-b-0 ${choices[here] === side ? 'bg-accent-soft' : 'hover:bg-hover'}`}>
                    <input type="radio" name={here} className="mt-0.5 size-4 accent-accent" checked={choices[here] === side} onChange={() => setChoices({ ...choices, [here]: side })} />
                    <span className="min-w-0 break-words">
                      <span className="text-ink2">{side === 'mine' ? 'Yours: ' : 'Theirs: '}</span>
                      {say(side === 'mine' ? mine : theirs)}
                    </span>
                  </label>
                ))}
              </fieldset>
            );
          })}
        </div>
      ) : (
        <p className="text-ink2">You changed other values than they did, so both go together.</p>
      )}
    </Dialog>
  );
}
