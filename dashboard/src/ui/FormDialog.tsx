import { useId, type ReactNode } from 'react';
import { Button } from './Button';
import { Dialog } from './Dialog';

/** A dialog that is a form: what is asked, what is wrong with all of it, Cancel and the button that does it. */
export function FormDialog(props: {
  title: string;
  /** Verb and object of the button. */
  action: string;
  onSubmit: () => void;
  onClose: () => void;
  busy: boolean;
  /** What is wrong and belongs to no field. */
  error?: string;
  width?: number;
  children: ReactNode;
}) {
  const form = useId();
  return (
    <Dialog
      open
      onClose={props.onClose}
      title={props.title}
      width={props.width}
      foot={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button look="primary" type="submit" form={form} busy={props.busy}>
            {props.action}
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit();
        }}
      >
        {props.children}
        {props.error && (
          <p role="alert" className="text-bad">
            {props.error}
          </p>
        )}
      </form>
    </Dialog>
  );
}
