import { Dialog } from '../ui/Dialog';
import { Switch } from '../ui/Switch';
import { setLetters, useLetters, useShortcutList } from './keys';
import { KeyNames } from './KeyNames';

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
