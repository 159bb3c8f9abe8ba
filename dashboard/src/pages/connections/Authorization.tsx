import { useQuery } from '@tanstack/react-query';
import { connectionQuery, providerQuery } from '../../api/connections';
import { useCan } from '../../shell/environment';
import { Card } from '../../ui/Card';
import { CopyButton } from '../../ui/CopyButton';
import { Time } from '../../ui/Time';
import { useAt } from './ConnectionPage';
import { Credentials } from './Credentials';
import { Facts } from '../../ui/Facts';
import { MetadataCard } from './Metadata';
import { Tags } from './Tags';
import { modeWords } from './words';

/** How a connection is authorised, its tags, and its metadata. */
export function Authorization() {
  const at = useAt();
  const can = useCan();
  const { data: connection } = useQuery(connectionQuery(at));
  const { data: provider } = useQuery(providerQuery(at.env, connection?.provider ?? ''));
  if (!connection) return null;
  const configuration = Object.entries(connection.connection_config);
  const user = connection.end_user;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto bg-canvas p-6 max-md:p-5">
      <div className="mx-auto grid max-w-[1160px] grid-cols-[minmax(0,1fr)_300px] items-start gap-4 max-lg:grid-cols-1">
        <div className="flex min-w-0 flex-col gap-4">
          <Credentials at={at} connection={connection} provider={provider} />
          {configuration.length > 0 && (
            <Card title="Connection configuration" hint="What the provider has to know of this account.">
              <Facts
                facts={configuration.map(([name, value]) => [
                  provider?.connection_config?.[name]?.title ?? name,
                  <code key={name} className="text-code break-all">
                    {typeof value === 'string' ? value : JSON.stringify(value)}
                  </code>,
                ])}
              />
            </Card>
          )}
          <Tags at={at} connection={connection} />
          <MetadataCard at={at} mayEdit={can('environment:connections:update')} />
        </div>
        <Card title="At a glance">
          <Facts
            narrow
            facts={[
              [
                'Connection id',
                <span key="id" className="flex items-center gap-1">
                  <code className="min-w-0 text-code break-all">{at.connection}</code>
                  <CopyButton text={at.connection} label="Copy the connection’s id" />
                </span>,
              ],
              ['Customer', user?.display_name],
              ['Customer e-mail', user?.email && <span className="break-all">{user.email}</span>],
              ['Organisation', user?.organization?.display_name ?? user?.organization?.id],
              ['Integration', <code key="key" className="text-code break-all">{at.integration}</code>],
              ['Authorization', provider && (modeWords[provider.auth_mode] ?? provider.auth_mode)],
              ['Created', <Time key="created" at={connection.created_at} />],
              ['Authorised', <Time key="updated" at={connection.updated_at} />],
            ]}
          />
        </Card>
      </div>
    </div>
  );
}
