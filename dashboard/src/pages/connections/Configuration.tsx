import { useQueries } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useMemo } from 'react';
import { type Connection, customerQuery, defaultsQuery, integrationQuery, metadataQuery, schemaQuery, syncsQuery } from '../../api/configuration';
import { ErrorState, Loading } from '../../ui/States';
import { Workbench } from './configuration/Workbench';

/** The tab Configuration of a connection. */
export function Configuration() {
  const { env = '', integration = '', connection = '' } = useParams({ strict: false }) as Record<string, string | undefined>;
  const at = useMemo<Connection>(() => ({ environment: env, providerConfigKey: integration, connectionId: connection }), [env, integration, connection]);
  const [metadata, schema, defaults, provider, syncs, customer] = useQueries({
    queries: [metadataQuery(at), schemaQuery(at), defaultsQuery(at), integrationQuery(at), syncsQuery(at), customerQuery(at)],
  });
  const needed = [metadata, schema, defaults];
  const failed = needed.find((one) => one.isError && !one.data);
  if (failed) {
    return <ErrorState title="The configuration did not load" error={failed.error} onRetry={() => needed.forEach((one) => void one.refetch())} />;
  }
  if (!metadata.data || !schema.data || !defaults.data || syncs.isPending || provider.isPending) return <Loading what="the configuration" lines={8} />;
  return (
    <Workbench
      key={`${env}/${integration}/${connection}`}
      at={at}
      name={customer.data ?? connection}
      system={provider.data?.display_name ?? integration}
      loaded={metadata.data}
      schema={schema.data}
      defaults={defaults.data.defaults}
      syncs={syncs.data ?? []}
    />
  );
}
