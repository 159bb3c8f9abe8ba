import { Dialog } from '../ui/Dialog';
import { Kbd } from '../ui/Kbd';
import { Switch } from '../ui/Switch';
import { mac, setLetters, useLetters, useShortcutList } from './keys';

/** How keys are shown: `mod+k` as Ctrl K, or ⌘ K on a Mac. */
export function KeyNames({ keys }: { keys: string }) {
  const names = keys.split(/[ +]/).map((name) => (name === 'mod' ? (mac ? '⌘' : 'Ctrl') : name.length === 1 ? name.toUpperCase() : name));
  return (
    <span className="inline-flex items-center gap-1">
      {names.map((name, index) => (
        <span key={index} className="inline-flex items-center gap-1">
          {index > 0 && keys.includes(' ') && <span className="text-hint text-ink3">then</span>}
          <Kbd>{name}</Kbd>
        </span>
      ))}
    </span>
  );
}

/** Every key that does something on this page. */
export function KeyList({ open, onClose }: { open: boolean; onClose: () => void }) {
  const shortcuts = useShortcutList();
  const letters = useLetters();
  return (
    <Dialog open={open} onClose={onClose} title="Keys" description="Single letters count outside of text fields.">
      <dl>
        {shortcuts.map(({ keys, what }) => (
          <div key={keys} className="flex items-center justify-between gap-4 border-b py-2 last:border-0">
            <dt>{what}</dt>
            <dd>
              <KeyNames keys={keys} />
            </dd>
          </div>
        ))}
      </dl>
      <div className="mt-4 flex items-center justify-between gap-4 rounded-card bg-subtle px-3 py-2.5">
        <span>
          <span className="font-medium">Single-letter keys</span>
          <span className="block text-hint text-ink3">Switch them off if they get in the way of speech or other input.</span>
        </span>
        <Switch label="Single-letter keys" checked={letters} onChange={setLetters} />
      </div>
    </Dialog>
  );
}
