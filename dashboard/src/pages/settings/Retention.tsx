import { useQuery } from '@tanstack/react-query';
import { retentionQuery } from '../../api/settings';
import { useEnvironment } from '../../shell/environment';
import { Card } from '../../ui/Card';
import { Remote } from './Remote';

const names: Record<string, string> = {
  logs_days: 'Logs',
  runs_days: 'Runs',
  revisions_days: 'History of configurations',
  deliveries_days: 'Log of webhooks',
  records_days: 'Records that were not updated',
  action_results_days: 'Results of async actions',
};

/** How long the server keeps what; its settings decide. */
export default function Retention() {
  const query = useQuery(retentionQuery(useEnvironment()));
  return (
    <Card title="How long it is kept" hint="The settings of the server decide; who operates it can change them." flush>
      <Remote query={query} what="retention">
        {(kept) => (
          <dl className="divide-y">
            {Object.entries(kept).map(([key, value]) => (
              <div key={key} className="flex justify-between gap-4 px-4 py-2.5">
                <dt>{names[key] ?? words(key)}</dt>
                <dd className="tabular text-ink2">{time(key, value)}</dd>
              </div>
            ))}
          </dl>
        )}
      </Remote>
    </Card>
  );
}

function words(key: string): string {
  const text = key.replace(/_(days|hours|seconds)$/, '').replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function time(key: string, value: unknown): string {
  if (value === null || value === undefined) return 'for ever';
  if (typeof value !== 'number') return String(value);
  const unit = /_(hour|second)s$/.exec(key)?.[1] ?? 'day';
  return `${new Intl.NumberFormat('en').format(value)} ${value === 1 ? unit : `${unit}s`}`;
}
