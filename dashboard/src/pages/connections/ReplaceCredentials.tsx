import { useMutation } from '@tanstack/react-query';
import { useId, useState, type FormEvent } from 'react';
import { ApiError } from '../../api/call';
import { saveConnection, type At, type Connection, type Provider } from '../../api/connections';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { toast } from '../../ui/Toasts';
import { configurationForm, credentialForm, problemOf, valuesOf, type FormField } from './credentials';
import { FieldList } from './FieldList';

/** Gives a connection other credentials, and the provider's settings with them. Everything else stays. */
export function ReplaceCredentials(props: { at: At; provider: Provider; connection: Connection; onClose: () => void; onDone: () => void }) {
  const { at, provider, connection } = props;
  const form = useId();
  const asked = credentialForm(provider);
  const settings = configurationForm(provider);
  const [credentials, setCredentials] = useState<Record<string, string>>({});
  const [configuration, setConfiguration] = useState<Record<string, string>>(() =>
    Object.fromEntries(settings.map(({ name }) => [name, String(connection.connection_config[name] ?? '')])),
  );
  const [tried, setTried] = useState(false);
  const save = useMutation({
    mutationFn: () =>
      saveConnection(at.env, {
        provider_config_key: at.integration,
        connection_id: at.connection,
        credentials: { type: asked!.type, ...valuesOf(asked!.fields, credentials) },
        // What is not asked for here, such as ids that the provider told, is kept.
        connection_config: settings.length ? { ...connection.connection_config, ...valuesOf(settings, configuration) } : undefined,
      }),
    onSuccess: () => {
      toast('The credentials are replaced');
      props.onDone();
    },
  });
  if (!asked) return null;
  const issues = save.error instanceof ApiError ? save.error.issues : [];
  const errors = (group: string, fields: FormField[], values: Record<string, string>) =>
    Object.fromEntries(
      fields.map((field) => {
        const issue = issues.find(({ path }) => Array.isArray(path) && path.join('.') === `${group}.${field.name}`);
        return [field.name, issue?.message ?? (tried ? problemOf(field, values[field.name] ?? '') : undefined)];
      }),
    );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    const wrong = [...asked.fields.map((field) => problemOf(field, credentials[field.name] ?? '')), ...settings.map((field) => problemOf(field, configuration[field.name] ?? ''))];
    if (!wrong.some(Boolean)) save.mutate();
  };
  return (
    <Dialog
      open
      onClose={props.onClose}
      title="Replace credentials"
      description="The next request to the provider uses the new ones. Configuration, syncs and records stay."
      foot={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button look="primary" type="submit" form={form} busy={save.isPending}>
            Replace credentials
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} noValidate className="flex flex-col gap-3">
        <FieldList fields={settings} values={configuration} errors={errors('connection_config', settings, configuration)} onChange={setConfiguration} />
        <FieldList fields={asked.fields} values={credentials} errors={errors('credentials', asked.fields, credentials)} onChange={setCredentials} />
        {save.error && (
          <p role="alert" className="rounded-control bg-bad-soft p-3 text-bad">
            {save.error.message}
          </p>
        )}
      </form>
    </Dialog>
  );
}
