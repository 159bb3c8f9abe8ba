import { useQuery } from '@tanstack/react-query';
import { retentionQuery, type Retention as Kept } from '../../api/settings';
import { useEnvironment } from '../../shell/environment';
import { Card } from '../../ui/Card';
import { Row, Rows } from '../../ui/Rows';
import { plural } from '../runs/words';
import { Remote } from './Remote';

const kept: { key: keyof Kept; label: string; hint: string }[] = [
  { key: 'runs_days', label: 'Runs', hint: 'When something ran, how it ended, how many records it changed.' },
  { key: 'logs_days', label: 'Log lines', hint: 'What functions said, and the requests they made.' },
  { key: 'deliveries_days', label: 'Delivery log', hint: 'The webhooks that were sent, with the answers of your backend.' },
  { key: 'activity_days', label: 'Figures', hint: 'The counts that the overview draws.' },
];

/** How long the server keeps what; its settings decide. */
export default function Retention() {
  const query = useQuery(retentionQuery(useEnvironment()));
  return (
    <>
      <Card title="How long it is kept" hint="The settings of the server decide; who operates it can change them." flush>
        <Remote query={query} what="retention">
          {(days) => (
            <Rows label="How long it is kept">
              {kept.map(({ key, label, hint }) => (
                <Row key={key} title={label} aside={<span className="tabular">{words(days[key])}</span>}>
                  {hint}
                </Row>
              ))}
            </Rows>
          )}
        </Remote>
      </Card>
      <p className="text-hint text-ink3">Connections, records and the history of configurations are kept until they are deleted.</p>
    </>
  );
}

/** An operator may say hours, too. */
const words = (days: number) => (days < 2 ? plural(Math.round(days * 24), 'hour') : plural(Math.round(days), 'day'));
