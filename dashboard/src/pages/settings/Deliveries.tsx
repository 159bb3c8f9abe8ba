import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { RotateCw, Send } from 'lucide-react';
import { address, ApiError, call } from '../../api/call';
import { deliveriesQuery, type Delivery } from '../../api/settings';
import { useCan, useEnvironment } from '../../shell/environment';
import { Status } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Code } from '../../ui/Code';
import { Drawer } from '../../ui/Dialog';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { Time } from '../../ui/Time';
import { toast, toastError } from '../../ui/Toasts';

const states = {
  pending: { state: 'running', word: 'on its way' },
  delivered: { state: 'ok', word: 'delivered' },
  failed: { state: 'bad', word: 'failed' },
} as const;

/** What was sent, the newest first. */
export function Deliveries() {
  const environment = useEnvironment();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(deliveriesQuery(environment));
  const { delivery: open } = useSearch({ strict: false }) as { delivery?: string };
  const navigate = useNavigate();
  const show = (delivery?: string) => void navigate({ to: '.', search: { delivery } as never });
  // A server that keeps no log of them has nothing to show.
  if (error instanceof ApiError && error.status === 404) return null;
  const all = data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Card title="Delivery log" flush>
      {!data ? (
        error ? (
          <ErrorState title="The delivery log did not load" error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading what="the delivery log" />
        )
      ) : all.length === 0 ? (
        <EmptyState icon={<Send size={22} aria-hidden />} title="Nothing was sent yet">
          Once a URL is set, each webhook is listed here with the answer of your backend.
        </EmptyState>
      ) : (
        <ul className="divide-y">
          {all.map((one) => (
            <li key={one.id}>
              <button type="button" onClick={() => show(String(one.id))} className="flex w-full flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5 text-left hover:bg-hover">
                <span className="w-28">
                  <Status state={states[one.status].state}>{states[one.status].word}</Status>
                </span>
                <span className="min-w-0 flex-1 basis-60">
                  <span className="font-medium">{one.kind}</span> {one.connection_id && <span className="text-ink3">{one.connection_id}</span>}
                  <span className="block truncate text-hint text-ink3">{one.url}</span>
                </span>
                <span className="text-hint text-ink2">{one.response_status ? `answered ${one.response_status}` : (one.error ?? '')}</span>
                <span className="text-hint text-ink3">
                  <Time at={one.created_at} />
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {hasNextPage && (
        <div className="border-t px-4 py-2">
          <Button look="quiet" size="small" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show older
          </Button>
        </div>
      )}
      <Detail id={open} onClose={() => show(undefined)} />
    </Card>
  );
}

function Detail({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const environment = useEnvironment();
  const mayWrite = useCan()('environment:webhooks:write');
  const queries = useQueryClient();
  const path = address('/environment/webhooks/deliveries/{id}', { id: id ?? '' });
  const { data, error } = useQuery({
    queryKey: [environment, 'deliveries', id],
    queryFn: async ({ signal }) => {
      const answer = await call<Delivery | { data: Delivery }>('GET', path, { environment, signal });
      return 'data' in answer ? answer.data : answer;
    },
    enabled: id !== undefined,
  });
  const replay = useMutation({
    mutationFn: () => call('POST', `${path}/replay`, { environment }),
    onSuccess: async () => {
      toast('It is sent again');
      onClose();
      await queries.invalidateQueries({ queryKey: [environment, 'deliveries'] });
    },
    onError: (failure) => toastError('It was not sent again', failure),
  });
  return (
    <Drawer
      open={id !== undefined}
      onClose={onClose}
      title={data?.kind ?? 'Webhook'}
      foot={
        mayWrite &&
        data && (
          <Button look="primary" icon={<RotateCw size={14} aria-hidden />} busy={replay.isPending} onClick={() => replay.mutate()}>
            Send again
          </Button>
        )
      }
    >
      {error ? <ErrorState title="The webhook did not load" error={error} /> : data ? <Facts delivery={data} /> : <Loading what="the webhook" />}
    </Drawer>
  );
}

function Facts({ delivery }: { delivery: Delivery }) {
  const text = typeof delivery.body === 'string' ? delivery.body : JSON.stringify(delivery.body, null, 2);
  const facts: [string, React.ReactNode][] = [
    ['State', <Status key="state" state={states[delivery.status].state}>{states[delivery.status].word}</Status>],
    ['To', <span key="to" className="[overflow-wrap:anywhere]">{delivery.url}</span>],
    ['Happened', <Time key="at" at={delivery.created_at} />],
    ['Tries', String(delivery.attempts)],
  ];
  if (delivery.next_attempt_at && delivery.status === 'pending') facts.push(['Next try', <Time key="next" at={delivery.next_attempt_at} />]);
  if (delivery.response_status) facts.push(['Answer', String(delivery.response_status)]);
  if (delivery.error) facts.push(['Error', delivery.error]);
  return (
    <div className="space-y-5">
      <dl className="grid grid-cols-[88px_1fr] gap-x-4 gap-y-1.5">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-ink3">{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {text && (
        <section>
          <h3 className="mb-1 font-medium">Body</h3>
          <div className="rounded-control border">
            <Code label="Body of the webhook" value={text} readOnly />
          </div>
        </section>
      )}
      {delivery.response_body && (
        <section>
          <h3 className="mb-1 font-medium">Answer</h3>
          <pre className="max-h-60 overflow-auto rounded-control border bg-subtle p-3 text-code whitespace-pre-wrap" tabIndex={0}>
            {delivery.response_body}
          </pre>
        </section>
      )}
    </div>
  );
}
