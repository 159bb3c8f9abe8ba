import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Button, IconButton } from './Button';
import { TextField } from './Field';

interface Framed {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** Greatest width in px. */
  width?: number;
  children?: ReactNode;
  foot?: ReactNode;
}

/** What dialogs and drawers have in common: the backdrop, the title with the way out, what scrolls, the foot that stays. */
function Frame(props: Framed & { description?: ReactNode; width: number; place: string; head: string; titleClass?: string; body: string }) {
  return (
    <Base.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-[rgb(10_12_16/0.45)]" />
        <Base.Popup style={{ maxWidth: props.width }} className={`fixed z-50 flex flex-col bg-surface shadow-float ${props.place}`}>
          <div className={`flex gap-3 px-5 ${props.head}`}>
            <div className="min-w-0 flex-1">
              <Base.Title className={`text-dialog font-semibold ${props.titleClass ?? ''}`}>{props.title}</Base.Title>
              {props.description && <Base.Description className="mt-1 text-ink2">{props.description}</Base.Description>}
            </div>
            <Base.Close render={<IconButton label="Close" />}>
              <X size={16} aria-hidden />
            </Base.Close>
          </div>
          {props.children && <div className={`min-h-0 flex-1 overflow-y-auto px-5 ${props.body}`}>{props.children}</div>}
          {props.foot && <div className="flex flex-wrap items-center justify-end gap-2 border-t px-5 py-3">{props.foot}</div>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** A dialog with a title, what is asked, and buttons at the foot; 480 px wide unless told, 720 for reviews. Focus goes back to what opened it. */
export function Dialog({ width = 480, ...props }: Framed & { description?: ReactNode }) {
  const place = 'top-1/2 left-1/2 max-h-[calc(100dvh-32px)] w-[calc(100vw-32px)] -translate-x-1/2 -translate-y-1/2 rounded-dialog';
  return <Frame {...props} width={width} place={place} head="items-start pt-4 pb-3" body="pb-4" />;
}

/** A panel at the right edge (a sheet on a phone) for the details of one row; 640 px wide unless told. */
export function Drawer({ width = 640, ...props }: Framed) {
  return <Frame {...props} width={width} place="inset-y-0 right-0 w-full" head="items-center border-b py-3" titleClass="truncate" body="py-4" />;
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
