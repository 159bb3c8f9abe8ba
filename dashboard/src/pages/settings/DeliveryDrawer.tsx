import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { RotateCw } from 'lucide-react';
import { deliveriesKey, deliveryQuery, replayDelivery, type DeliveryDetail } from '../../api/deliveries';
import { useCan, useEnvironment } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Code } from '../../ui/Code';
import { CopyButton } from '../../ui/CopyButton';
import { Drawer } from '../../ui/Dialog';
import { Facts } from '../../ui/Facts';
import { ErrorState, Loading } from '../../ui/States';
import { Time } from '../../ui/Time';
import { toast, toastError } from '../../ui/Toasts';
import { DeliveryStatus, kindWords } from './deliveryWords';

/** What was sent and what came back; it can be sent again. */
export function DeliveryDrawer({ id, onClose }: { id: number | undefined; onClose: () => void }) {
  const environment = useEnvironment();
  const mayWrite = useCan()('environment:webhooks:write');
  const queries = useQueryClient();
  const query = useQuery({ ...deliveryQuery(environment, id ?? 0), enabled: id !== undefined });
  const replay = useMutation({
    mutationFn: () => replayDelivery(environment, id!),
    onSuccess: async () => {
      toast('The webhook is sent');
      await queries.invalidateQueries({ queryKey: deliveriesKey(environment) });
    },
    onError: (error) => toastError('The webhook was not sent', error),
  });
  const { data } = query;
  return (
    <Drawer
      open={id !== undefined}
      onClose={onClose}
      title={data ? kindWords(data.kind) : 'Webhook'}
      foot={
        mayWrite &&
        data && (
          <Button look="primary" icon={<RotateCw size={14} aria-hidden />} busy={replay.isPending} onClick={() => replay.mutate()}>
            {data.state === 'pending' ? 'Send now' : 'Send again'}
          </Button>
        )
      }
    >
      {data ? (
        <Content delivery={data} />
      ) : query.error ? (
        <ErrorState title="The webhook did not load" error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Loading what="the webhook" />
      )}
    </Drawer>
  );
}

function Content({ delivery }: { delivery: DeliveryDetail }) {
  const env = useEnvironment();
  const { connection_id, provider_config_key } = delivery;
  const body = delivery.body === null || delivery.body === undefined ? undefined : JSON.stringify(delivery.body, null, 2);
  return (
    <div className="space-y-5">
      <Facts
        narrow
        facts={[
          ['State', <DeliveryStatus key="state" state={delivery.state} />],
          [
            'Customer',
            connection_id && provider_config_key ? (
              <Link
                to="/app/$env/connections/$integration/$connection"
                params={{ env, integration: provider_config_key, connection: connection_id }}
                className="font-medium text-accent-text hover:underline"
              >
                {connection_id}
              </Link>
            ) : (
              connection_id
            ),
          ],
          ['To', <code key="to" className="text-code break-all">{delivery.url}</code>],
          ['Happened', <Time key="at" at={delivery.created_at} />],
          ['Tries', String(delivery.attempts)],
          ['Ended', delivery.finished_at && <Time at={delivery.finished_at} />],
          ['Next try', delivery.state === 'pending' && delivery.next_attempt_at && <Time at={delivery.next_attempt_at} />],
          ['Answer', delivery.response_status !== null && <code className="text-code">{delivery.response_status}</code>],
          ['Error', delivery.error && <span className="text-bad">{delivery.error}</span>],
        ]}
      />
      {body !== undefined && (
        <section aria-label="Sent">
          <div className="mb-1 flex items-center justify-between">
            <h3 className="font-medium">Sent</h3>
            <CopyButton text={body} label="Copy what was sent" />
          </div>
          <div className="rounded-control border py-2">
            <Code key={delivery.id} label="Body of the webhook, read only" value={body} readOnly />
          </div>
        </section>
      )}
      {delivery.response_body && (
        <section aria-label="Answered">
          <h3 className="mb-1 font-medium">Answered</h3>
          <pre tabIndex={0} aria-label="Body of the answer" className="max-h-60 overflow-auto rounded-control border bg-subtle p-3 text-[12px] leading-5 [overflow-wrap:anywhere] whitespace-pre-wrap">
            {delivery.response_body}
          </pre>
        </section>
      )}
    </div>
  );
}
