import { X } from 'lucide-react';
import { Button } from './Button';

export interface FilterChip {
  key: string;
  text: string;
  onRemove: () => void;
}

/** The filters that are on, each with a button that takes it off. */
export function FilterChips({ chips, onClear, className = '' }: { chips: readonly FilterChip[]; onClear?: () => void; className?: string }) {
  if (chips.length === 0) return null;
  return (
    <ul aria-label="Filters that are on" className={`flex flex-wrap items-center gap-1.5 ${className}`}>
      {chips.map((chip) => (
        <li key={chip.key} className="inline-flex h-6 items-center gap-0.5 rounded-control bg-accent-soft pl-2 font-medium text-accent-text pointer-coarse:h-11">
          <span className="max-w-72 truncate">{chip.text}</span>
          <button
            type="button"
            aria-label={`Remove the filter ${chip.text}`}
            onClick={chip.onRemove}
            className="inline-flex size-6 items-center justify-center rounded-control hover:bg-hover pointer-coarse:size-11"
          >
            <X size={13} aria-hidden />
          </button>
        </li>
      ))}
      {onClear && (
        <li>
          <Button look="quiet" size="small" onClick={onClear}>
            Clear filters
          </Button>
        </li>
      )}
    </ul>
  );
}
