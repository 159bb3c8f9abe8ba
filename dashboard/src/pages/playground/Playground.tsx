import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { FlaskConical } from 'lucide-react';
import { useId, useState } from 'react';
import { call } from '../../api/call';
import { functionsQuery } from '../../api/functions';
import { integrationsQuery } from '../../api/integrations';
import { useEnvironment } from '../../shell/environment';
import { Page } from '../../shell/Page';
import { Combobox } from '../../ui/Combobox';
import { Select } from '../../ui/Select';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { kindWords } from '../runs/words';
import { Bench } from './Bench';

interface Customer {
  connection_id: string;
  end_user?: { display_name?: string | null; email?: string | null } | null;
}

/** Runs a function for a customer by hand: without writing anything, or for real. */
export default function Playground() {
  const env = useEnvironment();
  const search = useSearch({ from: '/app/$env/playground' });
  const navigate = useNavigate();
  const integrations = useQuery(integrationsQuery(env));
  const key = search.integration ?? integrations.data?.[0]?.unique_key ?? '';
  const functions = useQuery({ ...functionsQuery(env, key), enabled: key !== '' });
  const choices = (functions.data ?? []).filter(({ type }) => type !== 'on-event');
  const chosen = choices.find(({ type, name }) => `${type}:${name}` === search.fn);
  const go = (part: typeof search) => void navigate({ to: '/app/$env/playground', params: { env }, search: { ...search, ...part }, replace: true });
  return (
    <Page title="Playground" hint="Run a function for a customer. A dry run reads from the provider and writes nothing.">
      {integrations.isPending ? (
        <Loading what="the integrations" />
      ) : integrations.isError ? (
        <ErrorState title="The integrations did not load" error={integrations.error} onRetry={() => void integrations.refetch()} />
      ) : integrations.data.length === 0 ? (
        <EmptyState icon={<FlaskConical size={24} aria-hidden />} title="Nothing to run yet">
          Add an integration, deploy a function and connect a customer; then it can be tried here.
        </EmptyState>
      ) : (
        <>
          <div className="grid gap-3 sm:grid-cols-3">
            <div>
              <p className="mb-1 font-medium" aria-hidden>
                Integration
              </p>
              <Select
                label="Integration"
                className="w-full"
                value={key}
                options={integrations.data.map(({ unique_key, display_name }) => ({ value: unique_key, label: display_name, hint: unique_key }))}
                onChange={(integration) => go({ integration, customer: undefined, fn: undefined })}
              />
            </div>
            <CustomerPicker integration={key} value={search.customer} onChange={(customer) => go({ integration: key, customer })} />
            <div>
              <p className="mb-1 font-medium" aria-hidden>
                Function
              </p>
              <Select
                label="Function"
                className="w-full"
                value={search.fn ?? ''}
                options={[
                  ...(search.fn ? [] : [{ value: '', label: choices.length > 0 ? 'Choose a function' : 'No function is deployed' }]),
                  ...choices.map(({ type, name, description }) => ({ value: `${type}:${name}`, label: `${name} (${kindWords[type]?.toLowerCase()})`, hint: description ?? undefined })),
                ]}
                onChange={(fn) => go({ integration: key, fn: fn || undefined })}
              />
            </div>
          </div>
          {chosen && search.customer ? (
            <Bench
              key={`${key} ${search.fn}`}
              integration={key}
              customer={search.customer}
              one={chosen}
              view={search.view ?? 'both'}
              onView={(view) => go({ view: view === 'both' ? undefined : view })}
            />
          ) : (
            <EmptyState icon={<FlaskConical size={24} aria-hidden />} title={search.customer ? 'Choose a function' : 'Choose a customer and a function'}>
              Its input, and what came of it, appear here.
            </EmptyState>
          )}
        </>
      )}
    </Page>
  );
}

function CustomerPicker(props: { integration: string; value: string | undefined; onChange: (id: string | undefined) => void }) {
  const env = useEnvironment();
  const id = useId();
  const [typed, setTyped] = useState('');
  const sought = typed === props.value ? '' : typed;
  const { data } = useQuery({
    queryKey: ['playground', env, 'customers', props.integration, sought],
    queryFn: ({ signal }) =>
      call<{ connections: Customer[] }>('GET', '/connections', {
        environment: env,
        signal,
        query: { integrationId: props.integration, search: sought, limit: 50 },
      }),
    placeholderData: (old) => old,
    enabled: props.integration !== '',
  });
  const found = data?.connections ?? [];
  const value = props.value ? (found.find(({ connection_id }) => connection_id === props.value) ?? { connection_id: props.value }) : null;
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">
        Customer
      </label>
      <Combobox
        id={id}
        label="Customer"
        items={found}
        value={value}
        text={({ connection_id }) => connection_id}
        row={({ connection_id, end_user }) => (
          <>
            {end_user?.display_name ?? connection_id}
            <span className="block text-hint text-ink3">
              {connection_id}
              {end_user?.email && ` · ${end_user.email}`}
            </span>
          </>
        )}
        placeholder="Search by name or id"
        empty="No customer fits."
        onSearch={setTyped}
        onChange={(one) => props.onChange(one?.connection_id)}
      />
    </div>
  );
}
