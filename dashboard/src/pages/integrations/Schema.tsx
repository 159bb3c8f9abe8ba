import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { putSchema, schemaQuery, type MetadataSchema, type Mode } from '../../api/integrations';
import { fleetQuery } from '../../api/fleet';
import { useCan } from '../../shell/environment';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Choices } from '../../ui/Choices';
import { Code } from '../../ui/Code';
import { CopyButton } from '../../ui/CopyButton';
import { ConfirmDialog } from '../../ui/Dialog';
import { ErrorState, Loading } from '../../ui/States';
import { toast, toastError } from '../../ui/Toasts';
import { plural } from '../runs/words';
import { Defaults, DefaultsEditor } from './Defaults';
import { useIntegration } from './IntegrationPage';
import { Migrate } from './Migrate';
import { modeWords } from './modes';

const sources: Record<string, string> = {
  config: 'Declared in the project’s config.ts; it changes when the project is deployed.',
  functions: 'What the deployed functions say about the configuration that they read.',
  api: 'Set by the API.',
};

/** How the configuration of the customers is checked, what it looks like, and what counts where they set nothing. */
export default function Schema() {
  const { env, key } = useIntegration();
  const query = useQuery(schemaQuery(env, key));
  const [editing, setEditing] = useState(false);
  if (query.isPending) return <Loading what="the schema" lines={8} />;
  if (query.isError) return <ErrorState title="The schema did not load" error={query.error} onRetry={() => void query.refetch()} />;
  const { schema, source, version, file, conflicts } = query.data;
  return (
    <div className="grid flex-1 grid-cols-1 content-start items-start gap-4 bg-canvas px-6 py-5 max-md:px-5 lg:grid-cols-2">
      {editing && (
        <div className="min-w-0 lg:col-span-2">
          <DefaultsEditor schema={query.data} onClose={() => setEditing(false)} />
        </div>
      )}
      <div className="space-y-4">
        <ModeCard data={query.data} />
        {!editing && <Defaults schema={query.data} onEdit={() => setEditing(true)} />}
        <Migrate />
      </div>
      <Card
        flush
        title="Schema"
        hint={version ? `Version ${version}` : undefined}
        actions={schema ? <CopyButton text={JSON.stringify(schema, null, 2)} label="Copy the schema" /> : undefined}
      >
        {schema ? (
          <>
            <p className="px-4 py-3 text-ink2">
              {sources[source ?? ''] ?? ''} {file && <code className="text-[11.5px]">{file}</code>}
            </p>
            {conflicts.length > 0 && (
              <div role="alert" className="mx-4 mb-3 rounded-control bg-bad-soft px-3 py-2 text-bad">
                {plural(conflicts.length, 'path')} cannot have a value that fits all functions:{' '}
                {conflicts.map((one) => String((one as { path?: unknown }).path ?? '')).join(', ')}
              </div>
            )}
            <div className="max-h-[calc(100dvh-280px)] min-h-64 overflow-auto border-t">
              <Code label="Schema of the configuration" value={JSON.stringify(schema, null, 2)} readOnly />
            </div>
          </>
        ) : (
          <p className="p-4 text-ink2">
            No function declares a configuration yet, so anything that is valid JSON is stored. Give a function <code className="text-[11.5px]">metadata</code>, or write a{' '}
            <code className="text-[11.5px]">config.ts</code>, and deploy.
          </p>
        )}
      </Card>
    </div>
  );
}

function ModeCard({ data }: { data: MetadataSchema }) {
  const { env, key } = useIntegration();
  const can = useCan();
  const queries = useQueryClient();
  const { data: fleet } = useQuery(fleetQuery(env, key, { runs: 1 }));
  const [asked, setAsked] = useState<Mode>();
  const save = useMutation({
    mutationFn: (mode: Mode) => putSchema(env, key, { mode }),
    onSuccess: (_, mode) => {
      setAsked(undefined);
      toast(`Checking is set to “${modeWords[mode].label}”.`);
      void queries.invalidateQueries({ queryKey: ['schema', env, key] });
      void queries.invalidateQueries({ queryKey: ['fleet', env, key] });
    },
    onError: (error) => toastError('The mode was not changed', error),
  });
  const modes = Object.entries(modeWords) as [Mode, (typeof modeWords)[Mode]][];
  return (
    <Card title="Checking" hint="What happens to a configuration that does not fit the schema">
      {can('environment:integrations:update') ? (
        <Choices
          label="Mode"
          value={data.mode}
          options={modes.map(([value, words]) => ({ value, ...words }))}
          onChange={(mode) => (mode === 'enforce' ? setAsked(mode) : save.mutate(mode))}
        />
      ) : (
        <p className="text-ink2">
          <Badge>{modeWords[data.mode].label}</Badge> {modeWords[data.mode].hint}
        </p>
      )}
      <ConfirmDialog
        open={asked !== undefined}
        onClose={() => setAsked(undefined)}
        onConfirm={() => asked && save.mutate(asked)}
        busy={save.isPending}
        title="Enforce the schema"
        action="Enforce the schema"
      >
        {fleet && fleet.invalid > 0 ? (
          <>
            The configuration of <b>{plural(fleet.invalid, 'customer')}</b> does not fit now. Their syncs and actions will not start until it does.
          </>
        ) : data.mode === 'off' ? (
          'While nothing is checked, nobody knows how many customers do not fit. “Warn” tells first.'
        ) : (
          `All ${plural(fleet?.connections ?? 0, 'customer')} fit now. Changes that do not fit will be refused.`
        )}
      </ConfirmDialog>
    </Card>
  );
}

/** Used where a card has a save and a cancel. */
export function SaveBar(props: { busy: boolean; disabled: boolean; onSave: () => void; onCancel: () => void; what: string }) {
  return (
    <div className="flex items-center justify-end gap-2 border-t px-4 py-3">
      <Button onClick={props.onCancel}>Cancel</Button>
      <Button look="primary" busy={props.busy} disabled={props.disabled} onClick={props.onSave}>
        {props.what}
      </Button>
    </div>
  );
}
