import { useState, type PointerEvent, type ReactNode } from 'react';

const [least, usual] = [160, 316];

/** A panel below the panes whose height can be dragged, or set by the arrow keys. */
export function Dock({ children }: { children: ReactNode }) {
  const [height, setHeight] = useState(usual);
  const most = () => Math.max(least, window.innerHeight - 260);
  const grow = (by: number) => setHeight((old) => Math.min(most(), Math.max(least, old + by)));
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (event.buttons === 1) grow(-event.movementY);
  };
  return (
    <div className="sticky bottom-0 z-20 flex shrink-0 flex-col border-t bg-surface" style={{ height: `min(${height}px, 70vh)` }}>
      <div
        role="separator"
        aria-orientation="horizontal"
        aria-label="Height of the preview"
        aria-valuenow={height}
        aria-valuemin={least}
        aria-valuemax={most()}
        tabIndex={0}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={drag}
        onKeyDown={(event) => {
          if (event.key === 'ArrowUp') grow(24);
          else if (event.key === 'ArrowDown') grow(-24);
        }}
        className="absolute inset-x-0 -top-1 z-10 h-2 cursor-row-resize touch-none hover:bg-accent-soft"
      />
      {children}
    </div>
  );
}
