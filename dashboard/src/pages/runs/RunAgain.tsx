import { useMutation, useQuery } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { useRef, useState } from 'react';
import { functionsQuery, inputSchema, skeleton } from '../../api/functions';
import { preview, revisionsQuery, type RunDetail } from '../../api/runs';
import { useEnvironment } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { TextArea } from '../../ui/Field';
import { Select } from '../../ui/Select';
import { ErrorState } from '../../ui/States';
import { words } from '../../ui/Time';
import { Part } from './Part';
import { RunReport } from './RunReport';

/** What the same function would do now, with a revision of the configuration that one chooses. Nothing is written. */
export function RunAgain({ run }: { run: RunDetail }) {
  const env = useEnvironment();
  const at = { integration: run.provider_config_key, customer: run.connection_id };
  const { data } = useQuery(revisionsQuery(env, at.integration, at.customer));
  const { data: functions } = useQuery({ ...functionsQuery(env, at.integration), enabled: run.kind === 'action' });
  const deployed = functions?.find(({ name, type }) => name === run.function && type === 'action');
  const schema = deployed && inputSchema(deployed);
  const [chosen, setChosen] = useState<string>();
  const [typed, setTyped] = useState<string>();
  const stop = useRef<AbortController>(null);
  const revision = chosen ?? (run.metadata_revision ? String(run.metadata_revision) : undefined) ?? String(data?.revisions[0]?.revision ?? '');
  const input = typed ?? JSON.stringify(skeleton(schema), null, 2);
  const again = useMutation({
    mutationFn: () => {
      stop.current = new AbortController();
      const given = schema ? (JSON.parse(input) as unknown) : undefined;
      return preview(env, { ...at, kind: run.kind, function: run.function, revision: Number(revision), input: given }, stop.current.signal);
    },
  });
  const revisions = data?.revisions ?? [];
  if (revisions.length === 0) return null;
  return (
    <Part title="Run again" hint="With a revision of the configuration. Reads the provider and writes nothing.">
      {schema && (
        <div className="mb-2">
          <TextArea label="Input" hint="JSON. The input of the run above is not kept." rows={4} spellCheck={false} value={input} onChange={setTyped} />
        </div>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <Select
          label="Revision"
          inline
          value={revision}
          options={revisions.map((one) => ({
            value: String(one.revision),
            label: `revision ${one.revision}${one.revision === run.metadata_revision ? ' (of this run)' : ''}`,
            hint: `${words(new Date(one.created_at))}${one.reason ? `, “${one.reason}”` : ''}`,
          }))}
          onChange={(value) => {
            setChosen(value);
            again.reset();
          }}
        />
        <Button icon={<Play size={14} aria-hidden />} busy={again.isPending} disabled={!revision} onClick={() => again.mutate()}>
          Run again with revision {revision}
        </Button>
        {again.isPending && (
          <Button look="quiet" onClick={() => stop.current?.abort()}>
            Stop
          </Button>
        )}
      </div>
      {again.isError && again.error.name !== 'AbortError' && <ErrorState title="It could not be run again" error={again.error} />}
      {again.data && (
        <div className="mt-4 border-l-2 border-accent pl-4">
          <RunReport report={again.data} />
        </div>
      )}
    </Part>
  );
}
