import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError } from '../../api/call';
import { patchConnection, type At, type Connection } from '../../api/connections';
import { Button } from '../../ui/Button';
import { TextField } from '../../ui/Field';
import { toast } from '../../ui/Toasts';

/** Sends this connection's webhooks somewhere else than the environment's URL. */
export function WebhookForm({ at, connection }: { at: At; connection: Connection }) {
  const queries = useQueryClient();
  const old = connection.webhook_url_override ?? '';
  const [url, setUrl] = useState(old);
  const save = useMutation({
    mutationFn: (webhook_url_override: string) => patchConnection(at, { webhook_url_override }),
    onSuccess: (_, saved) => {
      toast(saved ? 'Webhook URL saved' : 'Webhooks go to the URL of the environment');
      void queries.invalidateQueries({ queryKey: [at.env, 'connections', 'one'] });
    },
  });
  const error = save.error instanceof ApiError ? (save.error.issues[0]?.message ?? save.error.message) : save.error?.message;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(url.trim());
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3">
      <TextField
        label="Webhook URL of this connection"
        hint="Empty: the URL of the environment."
        placeholder="https://api.example.com/webhooks/bespoke"
        type="url"
        value={url}
        onChange={setUrl}
        error={error}
        mono
      />
      <Button look="primary" type="submit" busy={save.isPending} disabled={url.trim() === old} className="self-start">
        Save webhook URL
      </Button>
    </form>
  );
}
