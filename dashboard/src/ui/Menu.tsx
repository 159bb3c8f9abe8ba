import { Menu as Base } from '@base-ui/react/menu';
import type { ReactElement, ReactNode } from 'react';

export interface MenuItem {
  label: ReactNode;
  hint?: ReactNode;
  icon?: ReactNode;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
}

/** What can be done with something, behind one button. `null` is a line between items. */
export function Menu(props: { trigger: ReactElement; items: (MenuItem | null)[]; align?: 'start' | 'end' }) {
  return (
    <Base.Root>
      <Base.Trigger render={props.trigger} />
      <Base.Portal>
        <Base.Positioner className="z-[60]" sideOffset={4} align={props.align ?? 'end'}>
          <Base.Popup className="min-w-44 max-w-80 rounded-card bg-surface p-1 shadow-float outline-none">
            {props.items.map((item, index) =>
              item ? (
                <Base.Item
                  key={index}
                  disabled={item.disabled}
                  onClick={item.onSelect}
                  className={`flex cursor-default items-start gap-2 rounded-control px-2 py-1.5 outline-none data-disabled:opacity-50 data-highlighted:bg-hover ${item.danger ? 'text-bad' : ''}`}
                >
                  {item.icon && <span className="mt-0.5">{item.icon}</span>}
                  <span>
                    {item.label}
                    {item.hint && <span className="block text-hint text-ink3">{item.hint}</span>}
                  </span>
                </Base.Item>
              ) : (
                <Base.Separator key={index} className="my-1 h-px bg-line" />
              ),
            )}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
