import { Link } from '@tanstack/react-router';
import { brief, type FleetReport, type PathReport } from '../../api/fleet';
import { Status } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Drawer } from '../../ui/Dialog';
import { number, plural } from '../runs/words';
import { useIntegration } from './IntegrationPage';

/** The values of one path: how many have which, who is out of line, and whether anybody reads it. */
export function ColumnDrawer(props: {
  path: string | undefined;
  report: PathReport | undefined;
  customers: number;
  reads: FleetReport['reads'];
  /** The integration's default there. */
  inherited: unknown;
  onClose: () => void;
  onFilter: (value: unknown) => void;
  /** Undefined for who may not. */
  onPromote?: (value: unknown) => void;
}) {
  const { report, path, inherited } = props;
  return (
    <Drawer open={path !== undefined} onClose={props.onClose} title={<code className="text-[14px]">{path}</code>}>
      {report ? (
        <div className="space-y-6">
          <p className="flex flex-wrap items-center gap-2">
            <span>
              Set by <b className="font-medium">{plural(report.set, 'customer')}</b> of {number.format(props.customers)}, {plural(report.distinct, 'value', 'different values')}.
            </span>
            <Reads reads={props.reads} path={report.path} />
            {report.invalid > 0 && <Status state="bad">{`${report.invalid} invalid`}</Status>}
          </p>
          <p className="text-ink2">
            {inherited === undefined ? 'The integration has no default there.' : 'The integration’s default is '}
            {inherited !== undefined && <code className="rounded-badge bg-integration-soft px-1.5 text-[12px] text-integration">{brief(inherited)}</code>}
          </p>
          <section>
            <h3 className="mb-2 text-section font-semibold">Values</h3>
            <ul className="space-y-1">
              {report.values.map(({ value, count }, index) => (
                <Bar
                  key={index}
                  value={value}
                  count={count}
                  of={props.customers}
                  isDefault={JSON.stringify(value) === JSON.stringify(inherited)}
                  onFilter={() => props.onFilter(value)}
                  onPromote={props.onPromote && (typeof value !== 'object' || Array.isArray(value)) ? () => props.onPromote!(value) : undefined}
                />
              ))}
              {report.others > 0 && <li className="px-2 pt-1 text-ink3">Other values: {plural(report.others, 'customer')}</li>}
              {props.customers > report.set && <li className="px-2 pt-1 text-ink3">Not set: {plural(props.customers - report.set, 'customer')}</li>}
            </ul>
          </section>
          {report.deviants.length > 0 && <Deviants report={report} />}
        </div>
      ) : (
        <p className="text-ink2">No customer that fits the filters sets it.</p>
      )}
    </Drawer>
  );
}

function Reads({ reads, path }: { reads: FleetReport['reads']; path: string }) {
  if (reads.runs === 0) return <span className="text-ink3">No run has told yet what it reads.</span>;
  if (reads.unread.includes(path)) return <Status state="warn">{`Read by none of the last ${plural(reads.runs, 'run')}`}</Status>;
  return <Status state="ok">Read by functions</Status>;
}

function Bar(props: { value: unknown; count: number; of: number; isDefault: boolean; onFilter: () => void; onPromote?: () => void }) {
  const share = props.of > 0 ? props.count / props.of : 0;
  const text = brief(props.value);
  return (
    <li className="group rounded-control px-2 py-1.5 hover:bg-hover">
      <div className="flex items-center gap-2">
        <button type="button" onClick={props.onFilter} title={`Show who has ${text}`} className="min-w-0 flex-1 truncate text-left font-mono text-[12px] hover:underline">
          {text === '' ? '(empty text)' : text}
        </button>
        <span className="tabular text-ink2">
          {number.format(props.count)} <span className="text-ink3">· {Math.round(share * 100)} %</span>
        </span>
        {props.isDefault ? (
          <span className="text-hint text-integration">is the default</span>
        ) : (
          props.onPromote && (
            <Button look="quiet" size="small" onClick={props.onPromote} aria-label={`Make it the default… (${text})`}>
              Make it the default…
            </Button>
          )
        )}
      </div>
      <div className="mt-1 h-1.5 rounded-full bg-subtle" aria-hidden>
        <div className="h-full min-w-0.5 rounded-full bg-accent" style={{ width: `${share * 100}%` }} />
      </div>
    </li>
  );
}

function Deviants({ report }: { report: PathReport }) {
  const { env, key } = useIntegration();
  return (
    <section>
      <h3 className="text-section font-semibold">Who does it otherwise</h3>
      <p className="mb-2 text-hint text-ink3">Nine in ten have the same value; these do not.</p>
      <ul className="divide-y rounded-card border">
        {report.deviants.map(({ connection_id, value }) => (
          <li key={connection_id} className="flex items-center gap-3 px-3 py-1.5">
            <Link
              to={`/app/${encodeURIComponent(env)}/connections/${encodeURIComponent(key)}/${encodeURIComponent(connection_id)}/configuration` as string}
              className="min-w-0 flex-1 truncate text-accent-text hover:underline"
            >
              {connection_id}
            </Link>
            <code className="truncate text-[12px]">{brief(value)}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
