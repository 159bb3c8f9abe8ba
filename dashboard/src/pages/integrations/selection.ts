import { call } from '../../api/call';
import type { BulkSelection, FleetFilter } from '../../api/fleet';
import { typedValue } from '../../api/fleet';

interface Page {
  data: { connection_id: string }[];
  next_cursor: string | null;
}

/**
 * Whom a change of many means. Tags and a condition the server selects by itself; what it cannot (a search, those that are
 * invalid or outdated) is collected by id.
 */
export async function selectionOf(environment: string, integration: string, filter: FleetFilter, selected: string[]): Promise<BulkSelection> {
  if (selected.length > 0) return { connection_ids: selected };
  const { search, status, tags = [], condition } = filter;
  if (!search && !status) {
    return {
      ...(tags.length > 0 ? { tags: Object.fromEntries(tags) } : {}),
      ...(condition
        ? {
            where: {
              path: condition.path,
              ...(condition.op === 'set' || condition.op === 'unset' ? { set: condition.op === 'set' } : { [condition.op]: typedValue(condition.value ?? '') }),
            },
          }
        : {}),
    };
  }
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page: Page = await call<Page>('GET', '/fleet/connections', {
      environment,
      query: {
        integration,
        search,
        status,
        ...Object.fromEntries(tags.map(([name, value]) => [`tags[${name}]`, value])),
        ...(condition
          ? condition.op === 'set' || condition.op === 'unset'
            ? { 'where[path]': condition.path, 'where[set]': condition.op === 'set' }
            : { 'where[path]': condition.path, [`where[${condition.op}]`]: condition.value }
          : {}),
        limit: 200,
        cursor,
      },
    });
    ids.push(...page.data.map(({ connection_id }) => connection_id));
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return { connection_ids: ids };
}
