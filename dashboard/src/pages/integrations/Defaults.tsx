import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { ApiError } from '../../api/call';
import { defaultsQuery, putDefaults, type MetadataSchema } from '../../api/integrations';
import { useCan } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Code } from '../../ui/Code';
import { ErrorState, Loading } from '../../ui/States';
import { toast } from '../../ui/Toasts';
import { syntaxProblem, syntaxText } from '../connections/syntax';
import { useIntegration } from './IntegrationPage';
import { SaveBar } from './Schema';

/** What counts for every customer of the integration who sets nothing else. */
export function Defaults({ schema }: { schema: MetadataSchema }) {
  const { env, key } = useIntegration();
  const can = useCan();
  const queries = useQueryClient();
  const query = useQuery(defaultsQuery(env, key));
  const [draft, setDraft] = useState<string>();
  const error = useId();
  const stored = JSON.stringify(query.data ?? {}, null, 2);
  const problem = draft === undefined ? undefined : syntaxProblem(draft);
  const save = useMutation({
    mutationFn: () => putDefaults(env, key, JSON.parse(draft!)),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['defaults', env, key] });
      void queries.invalidateQueries({ queryKey: ['fleet', env, key] });
      setDraft(undefined);
      toast('The defaults are saved. The next run of each customer sees them.');
    },
  });
  const refused = save.error instanceof ApiError ? [save.error.message, ...save.error.issues.map(({ message, path }) => `${[path ?? ''].flat().join('/')} ${message}`)] : [];
  const wrong = problem ? [syntaxText(problem)] : refused;
  return (
    <Card
      flush
      title="Defaults"
      hint="Count where a customer sets nothing"
      actions={
        can('environment:integrations:update') && draft === undefined && query.data ? (
          <Button size="small" onClick={() => setDraft(stored)}>
            Edit defaults
          </Button>
        ) : undefined
      }
    >
      {query.isPending ? (
        <Loading what="the defaults" />
      ) : query.isError ? (
        <ErrorState title="The defaults did not load" error={query.error} onRetry={() => void query.refetch()} />
      ) : draft === undefined && Object.keys(query.data).length === 0 ? (
        <p className="p-4 text-ink2">There are none{schema.schema ? ', besides those in the schema' : ''}.</p>
      ) : (
        <>
          <div className="max-h-96 min-h-24 overflow-auto">
            <Code
              key={draft === undefined ? 'read' : 'edit'}
              label="Defaults"
              value={draft ?? stored}
              readOnly={draft === undefined}
              invalid={wrong.length > 0}
              describedBy={wrong.length > 0 ? error : undefined}
              onChange={(text) => {
                setDraft(text);
                save.reset();
              }}
            />
          </div>
          {draft !== undefined && wrong.length > 0 && (
            <ul id={error} role="alert" className="border-t bg-bad-soft px-4 py-2 text-bad">
              {wrong.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          )}
          {draft !== undefined && (
            <SaveBar
              what="Save defaults"
              busy={save.isPending}
              disabled={problem !== undefined || draft === stored}
              onSave={() => save.mutate()}
              onCancel={() => {
                setDraft(undefined);
                save.reset();
              }}
            />
          )}
        </>
      )}
    </Card>
  );
}
