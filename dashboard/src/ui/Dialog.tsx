import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Button, IconButton } from './Button';
import { TextField } from './Field';

const backdrop = 'fixed inset-0 z-40 bg-[rgb(10_12_16/0.45)]';

/** A dialog with a title, what is asked, and buttons at the foot. Focus goes back to what opened it. */
export function Dialog(props: {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  description?: ReactNode;
  /** Greatest width in px: 480 unless given, 720 for reviews. */
  width?: number;
  children?: ReactNode;
  foot?: ReactNode;
}) {
  return (
    <Base.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Base.Portal>
        <Base.Backdrop className={backdrop} />
        <Base.Popup
          style={{ maxWidth: props.width ?? 480 }}
          className="fixed top-1/2 left-1/2 z-50 flex max-h-[calc(100dvh-32px)] w-[calc(100vw-32px)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-dialog bg-surface shadow-float"
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Base.Title className="text-dialog font-semibold">{props.title}</Base.Title>
              {props.description && (
                <Base.Description className="mt-1 text-ink2">{props.description}</Base.Description>
              )}
            </div>
            <Base.Close render={<IconButton label="Close" />}>
              <X size={16} aria-hidden />
            </Base.Close>
          </header>
          {props.children && <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-4">{props.children}</div>}
          {props.foot && (
            <footer className="flex flex-wrap items-center justify-end gap-2 border-t px-5 py-3">{props.foot}</footer>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** A panel at the right edge (a sheet on a phone) for the details of one row. */
export function Drawer(props: {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  width?: number;
  children?: ReactNode;
  foot?: ReactNode;
}) {
  return (
    <Base.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Base.Portal>
        <Base.Backdrop className={backdrop} />
        <Base.Popup
          style={{ maxWidth: props.width ?? 640 }}
          className="fixed inset-y-0 right-0 z-50 flex w-full flex-col bg-surface shadow-float"
        >
          <header className="flex items-center gap-3 border-b px-5 py-3">
            <Base.Title className="min-w-0 flex-1 truncate text-dialog font-semibold">{props.title}</Base.Title>
            <Base.Close render={<IconButton label="Close" />}>
              <X size={16} aria-hidden />
            </Base.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4">{props.children}</div>
          {props.foot && <footer className="flex justify-end gap-2 border-t px-5 py-3">{props.foot}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** Asks before something that cannot be taken back. With `type`, that word has to be typed first. */
export function ConfirmDialog(props: {
  open: boolean;
  onClose: () => void;
  onConfirm: () => void;
  title: string;
  /** The consequence, with numbers. */
  children: ReactNode;
  /** Verb and object, the same words as the button that opened it. */
  action: string;
  type?: string;
  busy?: boolean;
  error?: string;
}) {
  const [typed, setTyped] = useState('');
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      title={props.title}
      foot={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button
            look="danger"
            busy={props.busy}
            disabled={props.type !== undefined && typed !== props.type}
            onClick={props.onConfirm}
          >
            {props.action}
          </Button>
        </>
      }
    >
      <div className="text-ink2">{props.children}</div>
      {props.type !== undefined && (
        <div className="mt-3">
          <TextField label={`Type ${props.type} to confirm`} value={typed} onChange={setTyped} mono autoFocus />
        </div>
      )}
      {props.error && (
        <p role="alert" className="mt-3 text-bad">
          {props.error}
        </p>
      )}
    </Dialog>
  );
}
