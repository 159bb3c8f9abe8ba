import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import { useState } from 'react';
import { call } from '../../api/call';
import { issueAt, otherIssue } from '../../api/issues';
import { webhooksQuery } from '../../api/settings';
import type { Schemas } from '../../api/types';
import { useCan, useEnvironment } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { CopyButton } from '../../ui/CopyButton';
import { ConfirmDialog } from '../../ui/Dialog';
import { TextField } from '../../ui/Field';
import { Switch } from '../../ui/Switch';
import { toast, toastError } from '../../ui/Toasts';
import { Deliveries } from './Deliveries';
import { Remote } from './Remote';

type Settings = Schemas['WebhookSettings'];
type Flag = { [K in keyof Settings]-?: Settings[K] extends boolean ? K : never }[keyof Settings];

const events: { key: Flag; label: string; hint: string }[] = [
  { key: 'on_auth_creation', label: 'New connections', hint: 'A customer has connected.' },
  { key: 'on_auth_refresh_error', label: 'Authorization failed', hint: 'Credentials could not be renewed; the customer has to connect again.' },
  { key: 'on_metadata_change', label: 'Configuration changed', hint: 'Sends the new revision of the customer, the paths that changed, who did it and why. Never the values.' },
  { key: 'on_sync_error', label: 'Syncs that failed', hint: 'A sync or a webhook function has failed, with its message.' },
  { key: 'on_sync_completion_always', label: 'Syncs that changed nothing', hint: 'Those that changed records are always told.' },
  { key: 'on_async_action_completion', label: 'Ended async actions', hint: 'An action that was queued has ended, and its result can be fetched.' },
];

/** What your backend is told, where, and what was sent. */
export default function Webhooks() {
  const environment = useEnvironment();
  const query = useQuery(webhooksQuery(environment));
  return (
    <>
      <Remote query={query} what="webhook settings">
        {(settings) => (
          <>
            <Addresses key={`${settings.primary_url}|${settings.secondary_url}`} settings={settings} />
            <Events settings={settings} />
            <SigningKey value={settings.webhook_signing_key} />
          </>
        )}
      </Remote>
      <Deliveries />
    </>
  );
}

function useSave() {
  const environment = useEnvironment();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas['PatchWebhookSettings']) => call<{ data: Settings }>('PATCH', '/environment/webhooks', { environment, body }),
    onSuccess: ({ data }) => queries.setQueryData(webhooksQuery(environment).queryKey, data),
  });
}

function Addresses({ settings }: { settings: Settings }) {
  const mayWrite = useCan()('environment:webhooks:write');
  const [primary, setPrimary] = useState(settings.primary_url ?? '');
  const [secondary, setSecondary] = useState(settings.secondary_url ?? '');
  const save = useSave();
  const changed = primary !== (settings.primary_url ?? '') || secondary !== (settings.secondary_url ?? '');
  const other = otherIssue(save.error, 'primary_url', 'secondary_url');
  return (
    <Card title="Where they go" hint="Your backend is told of what happens here.">
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate({ primary_url: primary.trim(), secondary_url: secondary.trim() }, { onSuccess: () => toast('The webhook addresses are saved') });
        }}
      >
        <TextField label="URL" type="url" readOnly={!mayWrite} value={primary} onChange={setPrimary} placeholder="https://api.example.com/bespoke" error={issueAt(save.error, 'primary_url')} />
        <TextField label="Second URL (optional)" type="url" readOnly={!mayWrite} value={secondary} onChange={setSecondary} hint="Gets the same." error={issueAt(save.error, 'secondary_url')} />
        {other && (
          <p role="alert" className="text-bad">
            {other}
          </p>
        )}
        {mayWrite && (
          <Button look="primary" type="submit" busy={save.isPending} disabled={!changed}>
            Save
          </Button>
        )}
      </form>
    </Card>
  );
}

function Events({ settings }: { settings: Settings }) {
  const mayWrite = useCan()('environment:webhooks:write');
  const save = useSave();
  return (
    <Card title="What they tell" flush>
      <ul className="divide-y">
        {events.map(({ key, label, hint }) => (
          <li key={key} className="flex items-center justify-between gap-4 px-4 py-2.5">
            <span>
              <span className="font-medium">{label}</span>
              <span className="block text-hint text-ink3">{hint}</span>
            </span>
            {mayWrite ? (
              <Switch
                label={label}
                checked={save.isPending && save.variables[key] !== undefined ? Boolean(save.variables[key]) : settings[key]}
                onChange={(on) => save.mutate({ [key]: on }, { onError: (error) => toastError(`${label} did not change`, error) })}
              />
            ) : (
              <span className="text-ink2">{settings[key] ? 'on' : 'off'}</span>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function SigningKey({ value }: { value: string }) {
  const environment = useEnvironment();
  const mayRotate = useCan()('environment:webhook_signing_key:rotate');
  const queries = useQueryClient();
  const [shown, setShown] = useState(false);
  const [asking, setAsking] = useState(false);
  const rotate = useMutation({
    mutationFn: () => call('POST', '/environment/webhook-signing-key/rotate', { environment }),
    onSuccess: async () => {
      setAsking(false);
      toast('The signing key is replaced');
      await queries.invalidateQueries({ queryKey: [environment, 'webhooks'] });
    },
  });
  return (
    <Card
      title="Signing key"
      hint="Each webhook carries an HMAC of its body, made with this key."
      actions={
        mayRotate && (
          <Button icon={<RotateCw size={14} aria-hidden />} onClick={() => setAsking(true)}>
            Rotate key
          </Button>
        )
      }
    >
      <div className="flex items-center gap-2">
        <code className="min-w-0 flex-1 text-code [overflow-wrap:anywhere]">{shown ? value : '•'.repeat(24)}</code>
        <Button size="small" onClick={() => setShown(!shown)}>
          {shown ? 'Hide' : 'Show'}
        </Button>
        <CopyButton text={value} label="Copy signing key" />
      </div>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => rotate.mutate()}
        title="Rotate key"
        action="Rotate key"
        busy={rotate.isPending}
        error={rotate.error?.message}
      >
        From now on webhooks are signed with a new key. Your backend refuses them until it knows the new one.
      </ConfirmDialog>
    </Card>
  );
}
