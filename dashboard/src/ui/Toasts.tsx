import { Toast } from '@base-ui/react/toast';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { IconButton } from './Button';

const manager = Toast.createToastManager();

/** Tells what has happened, in the corner. With `undo`, it can be taken back for 8 seconds. */
export function toast(title: string, options: { description?: string; undo?: () => void; bad?: boolean } = {}) {
  manager.add({
    title,
    description: options.description,
    type: options.bad ? 'bad' : undefined,
    priority: options.bad ? 'high' : 'low',
    timeout: options.bad ? 0 : options.undo ? 8000 : 5000,
    actionProps: options.undo ? { children: 'Undo', onClick: options.undo } : undefined,
  });
}

/** Tells of a failure. */
export function toastError(what: string, error: unknown) {
  toast(what, { description: error instanceof Error ? error.message : String(error), bad: true });
}

function List() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((one) => (
    <Toast.Root
      key={one.id}
      toast={one}
      className={`flex items-start gap-3 rounded-card border bg-surface py-2.5 pr-2 pl-4 shadow-float ${one.type === 'bad' ? 'border-l-4 border-l-bad' : ''}`}
    >
      <div className="min-w-0 flex-1">
        <Toast.Title className="font-medium" />
        <Toast.Description className="text-ink2" />
      </div>
      <Toast.Action className="font-medium text-accent-text" />
      <Toast.Close render={<IconButton label="Dismiss" />}>
        <X size={14} aria-hidden />
      </Toast.Close>
    </Toast.Root>
  ));
}

export function Toasts({ children }: { children: ReactNode }) {
  return (
    <Toast.Provider toastManager={manager}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="fixed right-4 bottom-4 z-[70] flex w-[min(380px,calc(100vw-32px))] flex-col gap-2">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}
