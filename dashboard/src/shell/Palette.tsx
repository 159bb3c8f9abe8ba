import { Autocomplete } from '@base-ui/react/autocomplete';
import { Dialog } from '@base-ui/react/dialog';
import { useQueries, useQuery, keepPreviousData } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Blocks, Plug, Search, SquareFunction, type LucideIcon } from 'lucide-react';
import { useEffect, useState } from 'react';
import { address, call } from '../api/call';
import type { Schemas } from '../api/types';
import { Kbd } from '../ui/Kbd';
import { useEnvironment } from './environment';
import { useHasRoute, usePlaces } from './places';

interface Entry {
  id: string;
  label: string;
  hint?: string;
  icon: LucideIcon;
  to: string;
}

interface Group {
  value: string;
  items: Entry[];
}

interface FoundConnection {
  connection_id: string;
  provider_config_key: string;
  name?: string | null;
  email?: string | null;
}

/** Finds connections, integrations, functions and pages by what is typed, and goes there. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const groups = useFound(text.trim());
  const navigate = useNavigate();
  const go = (entry: Entry) => {
    onClose();
    void navigate({ to: entry.to });
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-[rgb(10_12_16/0.45)]" />
        <Dialog.Popup className="fixed top-[12vh] left-1/2 z-50 flex max-h-[70vh] w-[min(600px,calc(100vw-32px))] -translate-x-1/2 flex-col overflow-hidden rounded-dialog bg-surface shadow-float outline-none">
          <Dialog.Title className="sr-only">Search or jump to</Dialog.Title>
          <Autocomplete.Root
            items={groups}
            inline
            open
            mode="none"
            filter={null}
            autoHighlight="always"
            keepHighlight
            value={text}
            onValueChange={setText}
            itemToStringValue={(entry: Entry) => entry.label}
          >
            <div className="flex items-center gap-2.5 border-b px-4">
              <Search size={16} className="text-ink3" aria-hidden />
              <Autocomplete.Input
                aria-label="Search or jump to"
                placeholder="Customer, integration, function or page"
                className="h-12 min-w-0 flex-1 bg-transparent text-[15px] outline-none"
              />
              <Kbd>Esc</Kbd>
            </div>
            <Autocomplete.Empty className="px-4 py-6 text-center text-ink2 empty:hidden">Nothing is called “{text.trim()}” here.</Autocomplete.Empty>
            <Autocomplete.List className="min-h-0 overflow-y-auto p-2 empty:hidden">
              {(group: Group) => (
                <Autocomplete.Group key={group.value} items={group.items} className="pb-1.5 last:pb-0">
                  <Autocomplete.GroupLabel className="px-2 py-1 text-hint font-medium text-ink3">{group.value}</Autocomplete.GroupLabel>
                  <Autocomplete.Collection>
                    {(entry: Entry) => (
                      <Autocomplete.Item
                        key={entry.id}
                        value={entry}
                        onClick={() => go(entry)}
                        className="flex h-9 cursor-default items-center gap-2.5 rounded-control px-2 outline-none data-highlighted:bg-hover pointer-coarse:h-11"
                      >
                        <entry.icon size={15} className="shrink-0 text-ink3" aria-hidden />
                        <span className="truncate">{entry.label}</span>
                        {entry.hint && <span className="ml-auto truncate text-hint text-ink3">{entry.hint}</span>}
                      </Autocomplete.Item>
                    )}
                  </Autocomplete.Collection>
                </Autocomplete.Group>
              )}
            </Autocomplete.List>
          </Autocomplete.Root>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** What fits `text`, in groups; pages come first while nothing is typed. */
function useFound(text: string): Group[] {
  const environment = useEnvironment();
  const base = `/app/${encodeURIComponent(environment)}`;
  const has = useHasRoute();
  const places = usePlaces();
  const settled = useSettled(text);
  const fits = (...words: (string | null | undefined)[]) => words.some((word) => word?.toLowerCase().includes(text.toLowerCase()));

  const connections = useQuery({
    queryKey: [environment, 'palette', 'connections', settled],
    queryFn: async ({ signal }) => {
      const query = { search: settled, limit: 6 };
      return (await call<{ data: FoundConnection[] }>('GET', '/fleet/connections', { environment, query, signal })).data;
    },
    enabled: has('/app/$env/connections'),
    placeholderData: keepPreviousData,
  });
  const integrations = useQuery({
    queryKey: [environment, 'integrations'],
    queryFn: async ({ signal }) => (await call<{ data: Schemas['Integration'][] }>('GET', '/integrations', { environment, signal })).data,
    enabled: has('/app/$env/integrations'),
  });
  const functions = useQueries({
    queries: (integrations.data ?? []).map(({ unique_key }) => ({
      queryKey: [environment, 'palette', 'functions', unique_key],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const path = address('/integrations/{unique_key}/functions', { unique_key });
        const page = await call<{ data?: Schemas['FunctionPage']['data'] }>('GET', path, { environment, signal });
        return (page.data ?? []).map((one) => ({ name: one.name, type: one.type, integration: unique_key }));
      },
      staleTime: 60_000,
      enabled: text !== '',
    })),
  });

  const groups: Group[] = [
    {
      value: 'Connections',
      items: (connections.data ?? []).map((one) => ({
        id: `connection ${one.provider_config_key} ${one.connection_id}`,
        label: one.name || one.connection_id,
        hint: [one.provider_config_key, one.name && one.connection_id].filter(Boolean).join(' · '),
        icon: Plug,
        to: `${base}/connections/${encodeURIComponent(one.provider_config_key)}/${encodeURIComponent(one.connection_id)}`,
      })),
    },
    {
      value: 'Integrations',
      items: (integrations.data ?? [])
        .filter((one) => fits(one.display_name, one.unique_key, one.provider))
        .slice(0, 6)
        .map((one) => ({
          id: `integration ${one.unique_key}`,
          label: one.display_name,
          hint: one.unique_key,
          icon: Blocks,
          to: `${base}/integrations/${encodeURIComponent(one.unique_key)}`,
        })),
    },
    {
      value: 'Functions',
      items: functions
        .flatMap(({ data }) => data ?? [])
        .filter((one) => text && fits(one.name))
        .slice(0, 6)
        .map((one) => ({
          id: `function ${one.integration} ${one.name}`,
          label: one.name,
          hint: `${one.type} · ${one.integration}`,
          icon: SquareFunction,
          to: has('/app/$env/integrations/$key/functions/$name')
            ? `${base}/integrations/${encodeURIComponent(one.integration)}/functions/${encodeURIComponent(one.name)}`
            : `${base}/integrations/${encodeURIComponent(one.integration)}`,
        })),
    },
  ];
  const pages: Group = {
    value: 'Pages',
    items: places
      .filter(({ label }) => fits(label))
      .map(({ to, label, icon }) => ({ id: `page ${to}`, label, icon, to: to.replace('/app/$env', base) })),
  };
  return (text ? [...groups, pages] : [pages, ...groups]).filter(({ items }) => items.length > 0);
}

/** `value` once it has not changed for 150 ms. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), 150);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
