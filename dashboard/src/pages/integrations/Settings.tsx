import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError } from '../../api/call';
import { fleetQuery } from '../../api/fleet';
import { changeIntegration, credentialFields, deleteIntegration, integrationQuery, providerQuery, type Integration } from '../../api/integrations';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ConfirmDialog } from '../../ui/Dialog';
import { TextField } from '../../ui/Field';
import { Loading } from '../../ui/States';
import { Switch } from '../../ui/Switch';
import { toast, toastError } from '../../ui/Toasts';
import { plural } from '../runs/words';
import { useIntegration } from './IntegrationPage';
import { ProviderFields } from './ProviderFields';

/** Name, webhooks, credentials, and the way to delete an integration. */
export default function Settings() {
  const { env, key } = useIntegration();
  const query = useQuery(integrationQuery(env, key));
  if (!query.data) return <Loading what="the settings" />;
  return (
    <div className="flex-1 bg-canvas px-6 py-5 max-md:px-5">
      <div className="max-w-[720px] space-y-4">
        <General one={query.data} />
        <Credentials one={query.data} />
        <Danger one={query.data} />
      </div>
    </div>
  );
}

function useChange(what: string) {
  const { env, key } = useIntegration();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Record<string, unknown>) => changeIntegration(env, key, body),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['integrations', env] });
      toast(what);
    },
    onError: (error) => {
      if (!(error instanceof ApiError && error.issues.length > 0)) toastError('The integration was not changed', error);
    },
  });
}

function General({ one }: { one: Integration }) {
  const [name, setName] = useState(one.display_name);
  const rename = useChange('The name is saved.');
  const forward = useChange('The setting is saved.');
  return (
    <Card title="General">
      <form
        className="flex flex-wrap items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate({ display_name: name.trim() });
        }}
      >
        <TextField label="Name" value={name} onChange={setName} className="min-w-52 flex-1" />
        <Button type="submit" busy={rename.isPending} disabled={name.trim() === '' || name.trim() === one.display_name}>
          Save name
        </Button>
      </form>
      <div className="mt-4 flex items-center gap-3">
        <Switch
          label="Forward webhooks to the backend"
          checked={forward.isPending ? Boolean((forward.variables as { forward_webhooks?: boolean }).forward_webhooks) : one.forward_webhooks}
          onChange={(on) => forward.mutate({ forward_webhooks: on })}
        />
        <div>
          <p className="font-medium">Forward webhooks to the backend</p>
          <p className="text-hint text-ink3">What the provider sends goes on to the environment's webhook URL.</p>
        </div>
      </div>
    </Card>
  );
}

function Credentials({ one }: { one: Integration }) {
  const { env } = useIntegration();
  const { data: provider } = useQuery(providerQuery(env, one.provider));
  const [typed, setTyped] = useState<Record<string, Record<string, string>>>({});
  const change = useChange('The credentials are saved.');
  const asked = provider ? credentialFields(provider.auth_mode) : [];
  const settings = Object.entries(provider?.integration_config ?? {});
  if (asked.length === 0 && settings.length === 0) return null;
  const issues = change.error instanceof ApiError ? change.error.issues : [];
  const given = (group: string) => Object.entries(typed[group] ?? {}).filter(([, value]) => value !== '');
  const isTyped = given('credentials').length + given('integration_config').length > 0;
  return (
    <Card title={asked.length > 0 ? 'Credentials' : "The provider's settings"} hint="What is there is not shown. What you leave empty stays as it is.">
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate(
            {
              ...(given('credentials').length > 0 ? { credentials: { type: provider!.auth_mode, ...Object.fromEntries(given('credentials')) } } : {}),
              ...(given('integration_config').length > 0 ? { integration_config: Object.fromEntries(given('integration_config')) } : {}),
            },
            { onSuccess: () => setTyped({}) },
          );
        }}
      >
        <ProviderFields
          fields={[
            ...asked.map((field) => ({ ...field, path: ['credentials', field.name] })),
            ...settings.map(([name, field]) => ({ name, title: field.title ?? name, hint: field.description, secret: field.secret, path: ['integration_config', name] })),
          ]}
          value={(group, name) => typed[group]?.[name] ?? ''}
          onChange={(group, name, value) => setTyped((old) => ({ ...old, [group]: { ...old[group], [name]: value } }))}
          error={(...path) => issues.find((issue) => [issue.path ?? []].flat().join('.') === path.join('.'))?.message}
        />
        <Button type="submit" busy={change.isPending} disabled={!isTyped}>
          Save
        </Button>
      </form>
    </Card>
  );
}

function Danger({ one }: { one: Integration }) {
  const { env, key } = useIntegration();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const { data: fleet } = useQuery(fleetQuery(env, key, { runs: 1 }));
  const remove = useMutation({
    mutationFn: () => deleteIntegration(env, key),
    onSuccess: async () => {
      await navigate({ to: '/app/$env/integrations', params: { env } });
      queries.removeQueries({ queryKey: ['integrations', env, 'one', key] });
      void queries.invalidateQueries({ queryKey: ['integrations', env] });
      toast(`${one.display_name} was deleted.`);
    },
  });
  return (
    <Card title="Delete this integration" className="border-bad">
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-60 flex-1 text-ink2">Its connections, functions, syncs and records are deleted with it. This cannot be undone.</p>
        <Button look="danger" onClick={() => setOpen(true)}>
          Delete integration
        </Button>
      </div>
      <ConfirmDialog
        open={open}
        onClose={() => setOpen(false)}
        onConfirm={() => remove.mutate()}
        title="Delete integration"
        action="Delete integration"
        type={key}
        busy={remove.isPending}
        error={remove.error?.message}
      >
        {one.display_name} goes with {fleet ? <b>{plural(fleet.connections, 'connection')}</b> : 'its connections'}, their configuration, records and all functions. The functions that
        run before a connection is deleted do not run: delete the connections first where they have to.
      </ConfirmDialog>
    </Card>
  );
}
