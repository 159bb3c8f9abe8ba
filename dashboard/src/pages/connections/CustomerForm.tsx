import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError } from '../../api/call';
import { patchConnection, type At, type Connection, type EndUser } from '../../api/connections';
import { Button } from '../../ui/Button';
import { TextField } from '../../ui/Field';
import { toast } from '../../ui/Toasts';

/** Tags that the server writes from who the customer is. */
const derived = ['end_user_id', 'end_user_email', 'end_user_display_name'];

/** Changes the customer's name and e-mail address. */
export function CustomerForm({ at, connection }: { at: At; connection: Connection }) {
  const queries = useQueryClient();
  const old = connection.end_user;
  const [name, setName] = useState(old?.display_name ?? '');
  const [email, setEmail] = useState(old?.email ?? '');
  const save = useMutation({
    mutationFn: () => {
      const end_user: EndUser = { id: old?.id ?? at.connection, display_name: name.trim(), email: email.trim() || undefined };
      // The tags that tell who the customer is would win over what is said here: the server writes them anew.
      const tags = Object.fromEntries(Object.entries(connection.tags).filter(([key]) => !derived.includes(key)));
      return patchConnection(at, { end_user, tags });
    },
    onSuccess: () => {
      toast('Customer saved');
      void queries.invalidateQueries({ queryKey: [at.env, 'connections'] });
    },
  });
  const issues = save.error instanceof ApiError ? save.error.issues : [];
  const issueAt = (field: string) => issues.find(({ path }) => Array.isArray(path) && path.at(-1) === field)?.message;
  const isChanged = name !== (old?.display_name ?? '') || email !== (old?.email ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const organization = old?.organization?.display_name ?? old?.organization?.id;
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3">
      <div className="grid grid-cols-2 gap-3 max-md:grid-cols-1">
        <TextField label="Name" value={name} onChange={setName} error={issueAt('display_name')} autoComplete="off" />
        <TextField label="E-mail" type="email" value={email} onChange={setEmail} error={issueAt('email')} autoComplete="off" />
      </div>
      {organization && <p className="text-ink3">Organisation: {organization}</p>}
      {save.error && issues.length === 0 && (
        <p role="alert" className="text-bad">
          {save.error.message}
        </p>
      )}
      <Button look="primary" type="submit" busy={save.isPending} disabled={!isChanged} className="self-start">
        Save customer
      </Button>
    </form>
  );
}
