// The last look before something is written: what changes, in sentences and as JSON, and what happens to the data.
import { lazy, Suspense, useEffect, useId, useState, type ReactNode } from 'react';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { TextField } from '../ui/Field';
import { Loading } from '../ui/States';
import type { Effect } from '../api/configuration';

const JsonDiff = lazy(() => import('./JsonDiff'));

/** What the effects mean here; `undefined` where a number is not known. */
export interface EffectFacts {
  suggested?: Effect;
  /** Records that a preview of exactly this said would differ. */
  differ?: number;
}

const names: Record<Effect, { title: string; button: string }> = {
  run: { title: 'Run the sync now', button: 'and run' },
  resync: { title: 'Sync everything again', button: 'and sync all' },
  none: { title: 'Only save', button: '' },
};

function consequence(effect: Effect, { differ }: EffectFacts): string {
  switch (effect) {
    case 'run':
      return differ === undefined
        ? 'The syncs start at once with the new configuration and go on where they were.'
        : `The syncs start at once. By the preview, ${differ === 1 ? '1 record differs' : `${differ.toLocaleString('en')} records differ`}.`;
    case 'resync':
      return 'Reads all records from the beginning. Needed when older records must change too; the old ones are served until then.';
    case 'none':
      return 'The next planned run uses the new configuration.';
  }
}

export function Review(props: {
  open: boolean;
  onClose: () => void;
  title: string;
  description: string;
  /** "Apply" or "Restore": the button's first word. */
  verb: string;
  sentences: ReactNode[];
  before: string;
  after: string;
  facts: EffectFacts;
  /** What stands against it. */
  warning?: ReactNode;
  foot: string;
  onApply: (effect: Effect, reason: string) => Promise<void>;
}) {
  const id = useId();
  const [effect, setEffect] = useState<Effect>();
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const { suggested } = props.facts;
  useEffect(() => {
    if (!props.open) return;
    setFailed(undefined);
    // What re-syncs everything is never chosen silently.
    setEffect(suggested === 'resync' ? undefined : (suggested ?? 'none'));
  }, [props.open, suggested]);
  const apply = async () => {
    if (!effect || busy) return;
    setBusy(true);
    setFailed(undefined);
    try {
      await props.onApply(effect, reason);
      setReason('');
    } catch (error) {
      setFailed(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      title={props.title}
      description={props.description}
      width={720}
      foot={
        <>
          <span className="mr-auto text-hint text-ink2">{effect ? props.foot : 'Choose what happens to the data.'}</span>
          <Button onClick={props.onClose}>Keep editing</Button>
          <Button look="primary" busy={busy} disabled={!effect} onClick={() => void apply()}>
            {[props.verb, effect && names[effect].button].filter(Boolean).join(' ')}
          </Button>
        </>
      }
    >
      <div
        className="space-y-4"
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void apply();
        }}
      >
        <ul className="space-y-1">
          {props.sentences.map((sentence, index) => (
            <li key={index} className="flex gap-2">
              <span aria-hidden className="mt-2 size-1.5 shrink-0 rounded-full bg-accent" />
              <span className="min-w-0">{sentence}</span>
            </li>
          ))}
        </ul>
        {props.warning}
        <Suspense fallback={<Loading what="what differs" />}>
          <JsonDiff before={props.before} after={props.after} label="What differs, as JSON" />
        </Suspense>
        <fieldset>
          <legend className="mb-1.5 font-semibold">What happens to the data</legend>
          <div className="divide-y overflow-hidden rounded-card border">
            {(['run', 'resync', 'none'] as const).map((one) => (
              <label key={one} className={`flex cursor-pointer gap-2.5 px-3 py-2 ${effect === one ? 'bg-accent-soft' : 'hover:bg-hover'}`}>
                <input type="radio" name="effect" aria-labelledby={`${id}-${one}`} aria-describedby={`${id}-${one}-hint`} className="mt-0.5 size-4 accent-accent" checked={effect === one} onChange={() => setEffect(one)} />
                <span>
                  <span id={`${id}-${one}`}>
                    <span className="font-medium">{names[one].title}</span>{' '}
                    {suggested === one && <span className="ml-1 rounded-badge bg-ok-soft px-1.5 text-badge font-medium text-ok">suggested</span>}
                  </span>
                  <span id={`${id}-${one}-hint`} className="block text-hint text-ink2">{consequence(one, props.facts)}</span>
                </span>
              </label>
            ))}
          </div>
        </fieldset>
        <TextField
          label={
            <>
              Reason <span className="font-normal text-ink2">(optional, kept in the history)</span>
            </>
          }
          placeholder="For example: ticket number, who asked"
          value={reason}
          onChange={setReason}
          maxLength={500}
        />
        {failed && (
          <p role="alert" className="text-bad">
            {failed}
          </p>
        )}
      </div>
    </Dialog>
  );
}
