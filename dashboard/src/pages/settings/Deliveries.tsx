import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Send, SearchX } from 'lucide-react';
import { deliveriesQuery, deliveryStates, type Delivery, type DeliveryState } from '../../api/deliveries';
import { useEnvironment } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Segmented } from '../../ui/Segmented';
import { EmptyState, ErrorState, Loading } from '../../ui/States';
import { Time } from '../../ui/Time';
import { DeliveryDrawer } from './DeliveryDrawer';
import { answerWords, DeliveryStatus, kindWords, stateWords } from './deliveryWords';
import type { SectionSearch } from './routes';

/** What was sent, the newest first. Which, and the one that is open, are in the address. */
export function Deliveries() {
  const environment = useEnvironment();
  const { delivery, state } = useSearch({ from: '/app/$env/settings/$section' });
  const navigate = useNavigate({ from: '/app/$env/settings/$section' });
  const change = (part: SectionSearch) => void navigate({ search: (old) => ({ ...old, ...part }) });
  const list = useInfiniteQuery(deliveriesQuery(environment, state));
  const all = list.data?.pages.flatMap((page) => page.data);
  return (
    <Card
      title="Delivery log"
      flush
      actions={
        <div className="max-w-full overflow-x-auto">
          <Segmented<DeliveryState | 'all'>
            label="Which deliveries"
            value={state ?? 'all'}
            options={[{ value: 'all', label: 'All' }, ...deliveryStates.map((value) => ({ value, label: stateWords[value] }))]}
            onChange={(value) => change({ state: value === 'all' ? undefined : value })}
          />
        </div>
      }
    >
      {!all ? (
        list.error ? (
          <ErrorState title="The delivery log did not load" error={list.error} onRetry={() => void list.refetch()} />
        ) : (
          <Loading what="the delivery log" />
        )
      ) : all.length > 0 ? (
        <ul aria-label="Deliveries" className={`divide-y ${list.isPlaceholderData ? 'opacity-60' : ''}`}>
          {all.map((one) => (
            <Line key={one.id} delivery={one} onOpen={() => change({ delivery: one.id })} />
          ))}
        </ul>
      ) : state ? (
        <EmptyState
          icon={<SearchX size={22} aria-hidden />}
          title={`No webhook is ${stateWords[state].toLowerCase()}`}
          action={<Button onClick={() => change({ state: undefined })}>Show all</Button>}
        />
      ) : (
        <EmptyState icon={<Send size={22} aria-hidden />} title="Nothing was sent yet">
          Once a URL is set, each webhook is listed here with the answer of your backend.
        </EmptyState>
      )}
      {list.hasNextPage && (
        <div className="border-t px-4 py-2">
          <Button look="quiet" size="small" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show older
          </Button>
        </div>
      )}
      <DeliveryDrawer id={delivery} onClose={() => change({ delivery: undefined })} />
    </Card>
  );
}

function Line({ delivery, onOpen }: { delivery: Delivery; onOpen: () => void }) {
  return (
    <li className="relative flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5 hover:bg-hover">
      <span className="w-28 shrink-0">
        <DeliveryStatus state={delivery.state} />
      </span>
      <span className="min-w-0 flex-1 basis-56">
        <button type="button" onClick={onOpen} className="text-left font-medium after:absolute after:inset-0">
          {kindWords(delivery.kind)} {delivery.connection_id && <span className="font-normal text-ink2">{delivery.connection_id}</span>}
        </button>
        <span className="block truncate text-hint text-ink3">{delivery.url}</span>
      </span>
      <span className="text-right text-hint text-ink2 max-sm:text-left">
        {answerWords(delivery)}
        <span className="block text-ink3">
          <Time at={delivery.created_at} />
        </span>
      </span>
    </li>
  );
}
