import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ArrowLeft, ExternalLink, Search } from 'lucide-react';
import { useDeferredValue, useId, useState } from 'react';
import { ApiError } from '../../api/call';
import { createIntegration, credentialFields, integrationsQuery, providerQuery, providersQuery, type Provider } from '../../api/integrations';
import { useEnvironment } from '../../shell/environment';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { inputClass, TextField } from '../../ui/Field';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { toast } from '../../ui/Toasts';
import { IntegrationMark } from '../connections/Mark';
import { ProviderFields } from './ProviderFields';

const modes: Record<string, string> = {
  OAUTH1: 'OAuth 1',
  OAUTH2: 'OAuth 2',
  OAUTH2_CC: 'OAuth 2, client credentials',
  API_KEY: 'API key',
  BASIC: 'User name and password',
  APP: 'App',
  JWT: 'Signed token',
  TBA: 'Token-based',
  NONE: 'No credentials',
  CUSTOM: 'Custom',
};

/** The catalogue, and then the form of the provider that was chosen. `provider` is undefined while it is closed. */
export function AddIntegration({ provider, onChoose }: { provider: string | undefined; onChoose: (name: string | undefined) => void }) {
  const form = useId();
  const [busy, setBusy] = useState(false);
  const close = () => onChoose(undefined);
  return (
    <Dialog
      open={provider !== undefined}
      onClose={close}
      width={640}
      title="Add integration"
      description={provider ? undefined : 'Choose the provider that your customers use.'}
      foot={
        provider ? (
          <>
            <Button look="quiet" className="mr-auto" icon={<ArrowLeft size={14} aria-hidden />} onClick={() => onChoose('')}>
              All providers
            </Button>
            <Button onClick={close}>Cancel</Button>
            <Button type="submit" form={form} look="primary" busy={busy}>
              Add integration
            </Button>
          </>
        ) : undefined
      }
    >
      {provider ? <Form key={provider} id={form} name={provider} onBusy={setBusy} /> : <Catalogue onChoose={onChoose} />}
    </Dialog>
  );
}

function Catalogue({ onChoose }: { onChoose: (name: string) => void }) {
  const env = useEnvironment();
  const query = useQuery(providersQuery(env));
  const [typed, setTyped] = useState('');
  const sought = useDeferredValue(typed.trim().toLowerCase());
  const found = (query.data ?? [])
    .filter(({ name, display_name, categories = [] }) => [name, display_name, ...categories].some((text) => text.toLowerCase().includes(sought)))
    .sort((one, other) => one.display_name.localeCompare(other.display_name));
  return (
    <>
      <div className="sticky top-0 z-10 bg-surface pb-3">
        <div className="relative">
          <Search size={14} className="absolute top-1/2 left-2.5 -translate-y-1/2 text-ink3" aria-hidden />
          <input
            type="search"
            autoFocus
            aria-label="Search providers"
            placeholder="Search by name or kind, for example crm"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            className={`${inputClass} pl-8`}
          />
        </div>
      </div>
      {query.isPending ? (
        <Loading what="the catalogue" />
      ) : query.isError ? (
        <ErrorState title="The catalogue did not load" error={query.error} onRetry={() => void query.refetch()} />
      ) : found.length === 0 ? (
        <EmptyState title={`No provider is called “${typed}”`}>
          A provider that is missing can be added to the server by a file: see providers in the documentation. “Private API” fits most that take a key.
        </EmptyState>
      ) : (
        <ul aria-label="Providers" className="divide-y rounded-card border">
          {found.map((one) => (
            <li key={one.name}>
              <button type="button" onClick={() => onChoose(one.name)} className="flex w-full items-center gap-3 px-3 py-2.5 text-left outline-offset-[-2px] hover:bg-hover">
                <IntegrationMark name={one.display_name} />
                <span className="min-w-0 flex-1">
                  <span className="block truncate font-medium">{one.display_name}</span>
                  <span className="block truncate text-hint text-ink3">
                    {one.name}
                    {one.categories && one.categories.length > 0 && ` · ${one.categories.filter((word) => word !== 'popular').join(', ')}`}
                  </span>
                </span>
                <Badge>{modes[one.auth_mode] ?? one.auth_mode}</Badge>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Form({ id, name, onBusy }: { id: string; name: string; onBusy: (busy: boolean) => void }) {
  const env = useEnvironment();
  const query = useQuery(providerQuery(env, name));
  if (query.isPending) return <Loading what="the provider" />;
  if (query.isError) return <ErrorState title="The provider did not load" error={query.error} onRetry={() => void query.refetch()} />;
  return <Fields id={id} provider={query.data} onBusy={onBusy} />;
}

function Fields({ id, provider, onBusy }: { id: string; provider: Provider; onBusy: (busy: boolean) => void }) {
  const env = useEnvironment();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { data: others = [] } = useQuery(integrationsQuery(env));
  const taken = new Set(others.map(({ unique_key }) => unique_key));
  const [key, setKey] = useState(provider.name);
  const [title, setTitle] = useState(provider.display_name);
  const [credentials, setCredentials] = useState<Record<string, string>>({});
  const [config, setConfig] = useState<Record<string, string>>({});
  const asked = credentialFields(provider.auth_mode);
  const add = useMutation({
    mutationFn: () => {
      const given = Object.entries(credentials).filter(([, value]) => value !== '');
      // Without them it is made all the same, and they are set later.
      if (asked.length > 0 && given.length === 0) {
        return createIntegration(env, { provider: provider.name, unique_key: key.trim(), display_name: title.trim() || undefined }, true);
      }
      return createIntegration(env, {
        provider: provider.name,
        unique_key: key.trim(),
        display_name: title.trim() || undefined,
        ...(given.length > 0 ? { credentials: { type: provider.auth_mode, ...Object.fromEntries(given) } } : {}),
        ...(Object.keys(config).length > 0 ? { integration_config: config } : {}),
      });
    },
    onMutate: () => onBusy(true),
    onSettled: () => onBusy(false),
    onSuccess: async ({ data }) => {
      await queries.invalidateQueries({ queryKey: ['integrations', env] });
      toast(`${data.display_name} was added.`);
      void navigate({ to: '/app/$env/integrations/$key', params: { env, key: data.unique_key } });
    },
  });
  const errors = add.error instanceof ApiError ? add.error.issues : [];
  const errorAt = (...path: string[]) => errors.find((issue) => [issue.path ?? []].flat().join('.') === path.join('.'))?.message;
  return (
    <form
      id={id}
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <div className="flex items-center gap-3 rounded-card bg-subtle px-3 py-2.5">
        <IntegrationMark name={provider.display_name} />
        <span className="flex-1">
          <span className="font-medium">{provider.display_name}</span>
          <span className="ml-2 text-ink3">{modes[provider.auth_mode] ?? provider.auth_mode}</span>
        </span>
        {provider.docs && (
          <a href={provider.docs} target="_blank" rel="noreferrer" className="inline-flex items-center gap-1 text-accent-text hover:underline">
            The provider's documentation <ExternalLink size={13} aria-hidden />
          </a>
        )}
      </div>
      <TextField label="Name" value={title} onChange={setTitle} hint="What people see." error={errorAt('display_name')} />
      <TextField
        label="Key"
        mono
        required
        value={key}
        onChange={setKey}
        hint="What your code calls it. Functions are deployed to it by this key."
        error={taken.has(key.trim()) ? 'Another integration has this key.' : errorAt('unique_key')}
      />
      <ProviderFields
        fields={[
          ...asked.map((field) => ({ ...field, path: ['credentials', field.name] })),
          ...Object.entries(provider.integration_config ?? {}).map(([name, field]) => ({
            name,
            title: field.title ?? name,
            hint: field.description,
            secret: field.secret,
            optional: field.optional,
            placeholder: field.example,
            path: ['integration_config', name],
          })),
        ]}
        value={(group, name) => (group === 'credentials' ? credentials : config)[name] ?? ''}
        onChange={(group, name, value) => (group === 'credentials' ? setCredentials : setConfig)((old) => ({ ...old, [name]: value }))}
        error={errorAt}
      />
      {asked.length > 0 && <p className="text-hint text-ink3">Credentials can be left out and set later under Settings; until then customers cannot connect.</p>}
      {add.isError && (
        <p role="alert" className="text-bad">
          {add.error.message}
        </p>
      )}
    </form>
  );
}
