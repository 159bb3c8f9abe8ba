import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '../../api/call';
import { defaultsQuery, putDefaults, type MetadataSchema } from '../../api/integrations';
import { DocumentEditor, type DocumentView } from '../../configuration/DocumentEditor';
import type { JsonObject } from '../../configuration/document';
import { formable } from '../../configuration/schema';
import { useEditing } from '../../configuration/useEditing';
import { useCan } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Code } from '../../ui/Code';
import { Segmented } from '../../ui/Segmented';
import { ErrorState, Loading } from '../../ui/States';
import { toast } from '../../ui/Toasts';
import { useIntegration } from './IntegrationPage';
import { SaveBar } from './Schema';

const title = 'Defaults';
const hint = 'Count where a customer sets nothing';

/** What counts for every customer of the integration who sets nothing else. */
export function Defaults({ schema, onEdit }: { schema: MetadataSchema; onEdit: () => void }) {
  const { env, key } = useIntegration();
  const can = useCan();
  const query = useQuery(defaultsQuery(env, key));
  const mayEdit = can('environment:integrations:update') && query.data !== undefined;
  return (
    <Card
      flush
      title={title}
      hint={hint}
      actions={
        mayEdit && (
          <Button size="small" onClick={onEdit}>
            Edit defaults
          </Button>
        )
      }
    >
      {query.isPending ? (
        <Loading what="the defaults" />
      ) : query.isError ? (
        <ErrorState title="The defaults did not load" error={query.error} onRetry={() => void query.refetch()} />
      ) : Object.keys(query.data).length === 0 ? (
        <p className="p-4 text-ink2">There are none{schema.schema ? ', besides those in the schema' : ''}.</p>
      ) : (
        <div className="max-h-96 min-h-24 overflow-auto">
          <Code key={JSON.stringify(query.data)} label="Defaults" value={JSON.stringify(query.data, null, 2)} readOnly />
        </div>
      )}
    </Card>
  );
}

/** The defaults while they are edited: as a form beside the JSON where a schema says what there is. */
export function DefaultsEditor({ schema, onClose }: { schema: MetadataSchema; onClose: () => void }) {
  const { env, key } = useIntegration();
  const { data } = useQuery(defaultsQuery(env, key));
  // What was loaded when the editing began stays what it is compared with.
  const [loaded] = useState(data);
  return loaded ? <Editor schema={schema} loaded={loaded as JsonObject} onClose={onClose} /> : null;
}

function Editor({ schema, loaded, onClose }: { schema: MetadataSchema; loaded: JsonObject; onClose: () => void }) {
  const { env, key } = useIntegration();
  const queries = useQueryClient();
  const hasForm = schema.schema != null && formable(schema.schema) !== undefined;
  const [view, setView] = useState<DocumentView>(hasForm ? 'both' : 'json');
  const editing = useEditing({
    owner: 'integration',
    loaded: { own: loaded, revision: 0, problems: [] },
    schema: schema.schema ?? null,
    ui: schema.ui,
  });
  const save = useMutation({
    mutationFn: () => putDefaults(env, key, editing.own),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['defaults', env, key] });
      void queries.invalidateQueries({ queryKey: ['fleet', env, key] });
      toast('The defaults are saved. The next run of each customer sees them.');
      onClose();
    },
  });
  const refused = save.error instanceof ApiError ? [save.error.message, ...save.error.issues.map(({ message, path }) => `${[path ?? ''].flat().join('/')} ${message}`)] : save.error ? [save.error.message] : [];
  return (
    <Card
      flush
      title={title}
      hint={hint}
      actions={
        hasForm && (
          <Segmented<DocumentView>
            label="View"
            value={view}
            onChange={setView}
            options={[
              { value: 'form', label: 'Form' },
              { value: 'both', label: 'Both' },
              { value: 'json', label: 'JSON' },
            ]}
          />
        )
      }
    >
      <DocumentEditor editing={editing} schema={schema.schema ?? {}} view={view} beside label="Defaults" />
      {refused.length > 0 && (
        <ul role="alert" className="border-t bg-bad-soft px-4 py-2 text-bad">
          {refused.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      <SaveBar
        what="Save defaults"
        busy={save.isPending}
        disabled={editing.syntax !== undefined || editing.changed.length === 0}
        onSave={() => save.mutate()}
        onCancel={onClose}
      />
    </Card>
  );
}
