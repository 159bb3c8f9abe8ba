import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { IconButton } from '../../ui/Button';

/** A removable word, as tags are shown. */
export function Chip({ children, remove, onRemove }: { children: ReactNode; remove?: string; onRemove?: () => void }) {
  return (
    <span className="inline-flex h-6 max-w-full items-center gap-0.5 rounded-control bg-subtle pl-2 text-ink2 not-has-[button]:pr-2 pointer-coarse:has-[button]:h-11">
      <span className="truncate">{children}</span>
      {remove && onRemove && (
        <IconButton label={remove} onClick={onRemove} className="!size-6 pointer-coarse:!size-11">
          <X size={13} aria-hidden />
        </IconButton>
      )}
    </span>
  );
}
