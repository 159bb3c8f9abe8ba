import { Kbd } from '../ui/Kbd';
import { mac } from './keys';

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
