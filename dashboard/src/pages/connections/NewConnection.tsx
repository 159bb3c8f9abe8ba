import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useId, useState, type FormEvent } from 'react';
import { ApiError } from '../../api/call';
import { integrationNamesQuery, providerQuery, saveConnection, type NewConnection as Body } from '../../api/connections';
import { syntaxProblem, syntaxWords } from '../../configuration/syntax';
import { Button } from '../../ui/Button';
import { Code } from '../../ui/Code';
import { Combobox } from '../../ui/Combobox';
import { Dialog } from '../../ui/Dialog';
import { TextField } from '../../ui/Field';
import { Loading } from '../../ui/States';
import { toast } from '../../ui/Toasts';
import { configurationForm, credentialForm, problemOf, valuesOf } from './credentials';
import { FieldList } from './FieldList';

const emptyDocument = '{\n  \n}';

/** The dialog that makes a connection from credentials that one has. */
export function NewConnection({ env, integration, onClose }: { env: string; integration?: string; onClose: () => void }) {
  const form = useId();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { data: integrations } = useQuery(integrationNamesQuery(env));
  const [chosen, setChosen] = useState(integration);
  const key = chosen ?? (integrations?.length === 1 ? integrations[0]!.unique_key : undefined);
  const at = integrations?.find((one) => one.unique_key === key) ?? null;
  const { data: provider } = useQuery(providerQuery(env, at?.provider ?? ''));
  const [id, setId] = useState('');
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [credentials, setCredentials] = useState<Record<string, string>>({});
  const [configuration, setConfiguration] = useState<Record<string, string>>({});
  const [metadata, setMetadata] = useState<string>();
  const [tried, setTried] = useState(false);
  const asked = provider && credentialForm(provider);
  const settings = provider ? configurationForm(provider) : [];
  const wrong = metadata === undefined ? undefined : syntaxProblem(metadata);

  const make = useMutation({
    mutationFn: (body: Body) => saveConnection(env, body),
    onSuccess: async (made) => {
      toast(`${made.end_user?.display_name ?? made.connection_id} is connected`);
      await queries.invalidateQueries({ queryKey: [env, 'connections'] });
      const params = { env, integration: made.provider_config_key, connection: made.connection_id };
      await navigate({ to: '/app/$env/connections/$integration/$connection/authorization', params });
    },
  });
  const issues = make.error instanceof ApiError ? make.error.issues : [];
  const issueAt = (...path: string[]) =>
    issues.find(({ path: at }) => (Array.isArray(at) ? at.join('.') : at) === path.join('.'))?.message;
  const errors = (group: string, fields: { name: string }[], values: Record<string, string>) =>
    Object.fromEntries(
      fields.map((field) => [
        field.name,
        issueAt(group, field.name) ?? (tried ? problemOf(field as Parameters<typeof problemOf>[0], values[field.name] ?? '') : undefined),
      ]),
    );

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!at || !asked || wrong) return;
    const isWrong = [...asked.fields.map((field) => problemOf(field, credentials[field.name] ?? '')), ...settings.map((field) => problemOf(field, configuration[field.name] ?? ''))].some(Boolean);
    if (isWrong) {
      const host = event.currentTarget;
      requestAnimationFrame(() => host.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
      return;
    }
    make.mutate({
      provider_config_key: at.unique_key,
      connection_id: id.trim() || undefined,
      credentials: { type: asked.type, ...valuesOf(asked.fields, credentials) },
      connection_config: settings.length ? valuesOf(settings, configuration) : undefined,
      // The customer is known by the id of the connection unless the API says otherwise.
      end_user: name || email ? { id: id.trim() || email || name, display_name: name || undefined, email: email || undefined } : undefined,
      metadata: metadata === undefined ? undefined : (JSON.parse(metadata) as Record<string, unknown>),
    });
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title="New connection"
      description="Connects a customer’s account with credentials that you have."
      width={560}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form={form} busy={make.isPending} disabled={!at || !asked}>
            Create connection
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} noValidate className="flex flex-col gap-4">
        <div>
          <p aria-hidden className="mb-1 font-medium">Integration</p>
          <Combobox
            label="Integration"
            items={integrations ?? []}
            value={at}
            onChange={(one) => setChosen(one?.unique_key)}
            text={(one) => one.display_name}
            row={(one) => (
              <>
                {one.display_name}
                <span className="block text-hint text-ink3">{one.unique_key}</span>
              </>
            )}
            placeholder="Choose an integration"
            empty={integrations?.length === 0 ? 'There is no integration yet. Add one first.' : undefined}
          />
        </div>
        <TextField
          label={<>Connection id <Optional /></>}
          hint="What your backend calls this customer’s connection. Made up where it is left empty."
          error={issueAt('connection_id')}
          value={id}
          onChange={setId}
          mono
          autoComplete="off"
        />
        <div className="grid grid-cols-2 gap-3 max-md:grid-cols-1">
          <TextField label={<>Customer name <Optional /></>} error={issueAt('end_user', 'display_name')} value={name} onChange={setName} autoComplete="off" />
          <TextField label={<>Customer e-mail <Optional /></>} error={issueAt('end_user', 'email')} type="email" value={email} onChange={setEmail} autoComplete="off" />
        </div>
        {at && !provider && <Loading what={`what ${at.display_name} asks for`} lines={2} />}
        {provider && !asked && (
          <p className="rounded-control bg-warn-soft p-3 text-warn">
            {provider.display_name} needs an authorization by the customer, so its credentials cannot be typed in. Let the customer
            connect with the SDK.
          </p>
        )}
        {provider && asked && (
          <fieldset className="flex flex-col gap-3 rounded-card border p-4">
            <legend className="px-1 font-medium">Credentials for {provider.display_name}</legend>
            {asked.fields.length === 0 && settings.length === 0 && <p className="text-ink2">It needs none.</p>}
            <FieldList fields={settings} values={configuration} errors={errors('connection_config', settings, configuration)} onChange={setConfiguration} />
            <FieldList fields={asked.fields} values={credentials} errors={errors('credentials', asked.fields, credentials)} onChange={setCredentials} />
          </fieldset>
        )}
        {metadata === undefined ? (
          <Button look="quiet" icon={<Plus size={14} aria-hidden />} onClick={() => setMetadata(emptyDocument)} className="self-start">
            Add metadata
          </Button>
        ) : (
          <div>
            <p aria-hidden className="mb-1 font-medium">Metadata</p>
            <div className="h-40 rounded-control border border-control">
              <Code label="Metadata" value={metadata} onChange={setMetadata} invalid={Boolean(wrong)} />
            </div>
            {wrong && (
              <p role="alert" className="mt-1 text-hint text-bad">
                {syntaxWords(wrong)}
              </p>
            )}
          </div>
        )}
        {make.error && issues.length === 0 && (
          <p role="alert" className="rounded-control bg-bad-soft p-3 text-bad">
            {make.error.message}
          </p>
        )}
        {issues.length > 0 && !issues.some(({ path }) => Array.isArray(path) && path[0] !== 'metadata') && (
          <p role="alert" className="rounded-control bg-bad-soft p-3 text-bad">
            {issues.map((issue) => issue.message).join(' ')}
          </p>
        )}
      </form>
    </Dialog>
  );
}

function Optional() {
  return <span className="font-normal text-ink3">(optional)</span>;
}
