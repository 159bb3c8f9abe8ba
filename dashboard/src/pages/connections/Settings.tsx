import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { connectionQuery } from '../../api/connections';
import { syncsQuery } from '../../api/syncs';
import { useCan } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { useAt } from './ConnectionPage';
import { CustomerForm } from './CustomerForm';
import { DeleteConnection } from './DeleteConnection';
import { Facts } from '../../ui/Facts';
import { ScheduleSwitch } from './ScheduleSwitch';
import { WebhookForm } from './WebhookForm';

/** Who the customer is, where webhooks go, and what cannot be undone. */
export function Settings() {
  const at = useAt();
  const can = useCan();
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const { data: connection } = useQuery(connectionQuery(at));
  const { data: syncs = [] } = useQuery(syncsQuery(at));
  if (!connection) return null;
  const mayEdit = can('environment:connections:update');
  const user = connection.end_user;
  const name = user?.display_name || at.connection;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto bg-canvas p-6 max-md:p-5">
      <div className="flex max-w-[760px] flex-col gap-4">
        {!mayEdit && <p className="text-ink2">You can look but not change. Support and developers can.</p>}
        <Card title="Customer" hint="Who this connection belongs to.">
          {mayEdit ? (
            <CustomerForm key={connection.updated_at} at={at} connection={connection} />
          ) : (
            <Facts
              facts={[
                ['Name', user?.display_name ?? 'Not given'],
                ['E-mail', user?.email ?? 'Not given'],
                ['Organisation', user?.organization?.display_name ?? user?.organization?.id],
              ]}
            />
          )}
        </Card>
        <Card title="Webhooks" hint="Where your backend hears of this customer’s syncs.">
          {mayEdit ? (
            <WebhookForm key={connection.webhook_url_override} at={at} connection={connection} />
          ) : (
            <p className="break-all text-ink2">{connection.webhook_url_override || 'The URL of the environment.'}</p>
          )}
        </Card>
        {syncs.length > 0 && (
          <Card title="Syncs">
            <ScheduleSwitch at={at} syncs={syncs} mayChange={can('environment:syncs:execute')} />
          </Card>
        )}
        {can('environment:connections:delete') && (
          <Card title="Delete this connection" className="border-bad">
            <div className="flex flex-wrap items-center gap-4">
              <p className="min-w-60 flex-1 text-ink2">
                Its credentials, configuration with all revisions, syncs and synced records are deleted. This cannot be undone.
              </p>
              <Button look="danger" onClick={() => setDeleting(true)}>
                Delete connection
              </Button>
            </div>
          </Card>
        )}
      </div>
      {deleting && (
        <DeleteConnection
          at={at}
          name={name}
          open
          onClose={() => setDeleting(false)}
          onDeleted={() => void navigate({ to: '/app/$env/connections', params: { env: at.env } })}
        />
      )}
    </div>
  );
}
