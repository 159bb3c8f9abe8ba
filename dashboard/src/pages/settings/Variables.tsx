import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Eye, EyeOff, Pencil, Plus, Trash2, Variable } from 'lucide-react';
import { useState } from 'react';
import { address, call } from '../../api/call';
import { otherIssue } from '../../api/issues';
import { variablesQuery } from '../../api/settings';
import { useCan, useEnvironment } from '../../shell/environment';
import { Button, IconButton } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ConfirmDialog } from '../../ui/Dialog';
import { TextArea, TextField } from '../../ui/Field';
import { FormDialog } from '../../ui/FormDialog';
import { Row, Rows } from '../../ui/Rows';
import { EmptyState } from '../../ui/States';
import { toast } from '../../ui/Toasts';
import { Remote } from './Remote';

/** The variables that functions read, values hidden until one looks. */
export default function Variables() {
  const environment = useEnvironment();
  const mayWrite = useCan()('environment:variables:write');
  const query = useQuery(variablesQuery(environment));
  const queries = useQueryClient();
  const [editing, setEditing] = useState<{ name?: string; value: string }>();
  const [removing, setRemoving] = useState<string>();
  const [shown, setShown] = useState<ReadonlySet<string>>(new Set());
  const remove = useMutation({
    mutationFn: (name: string) => call('DELETE', address('/environment-variables/{name}', { name }), { environment }),
    onSuccess: async (_, name) => {
      setRemoving(undefined);
      toast(`${name} is removed`);
      await queries.invalidateQueries({ queryKey: [environment, 'variables'] });
    },
  });
  const toggle = (name: string) => {
    const next = new Set(shown);
    if (!next.delete(name)) next.add(name);
    setShown(next);
  };
  return (
    <>
      <Card
        title="Environment variables"
        hint="Functions read them with getEnvironmentVariables."
        actions={
          mayWrite && (
            <Button look="primary" icon={<Plus size={15} aria-hidden />} onClick={() => setEditing({ value: '' })}>
              Add variable
            </Button>
          )
        }
        flush
      >
        <Remote query={query} what="variables">
          {(variables) =>
            variables.length === 0 ? (
              <EmptyState icon={<Variable size={22} aria-hidden />} title="No variables yet">
                Put here what functions need and their code should not hold: addresses, keys of other services.
              </EmptyState>
            ) : (
              <Rows label="Environment variables">
                {variables.map(({ name, value }) => (
                  <Row
                    key={name}
                    title={<code className="text-code">{name}</code>}
                    actions={
                      <>
                        <IconButton label={`${shown.has(name) ? 'Hide' : 'Show'} ${name}`} onClick={() => toggle(name)}>
                          {shown.has(name) ? <EyeOff size={15} aria-hidden /> : <Eye size={15} aria-hidden />}
                        </IconButton>
                        {mayWrite && (
                          <>
                            <IconButton label={`Edit ${name}`} onClick={() => setEditing({ name, value })}>
                              <Pencil size={14} aria-hidden />
                            </IconButton>
                            <IconButton label={`Remove ${name}`} onClick={() => setRemoving(name)}>
                              <Trash2 size={14} aria-hidden />
                            </IconButton>
                          </>
                        )}
                      </>
                    }
                  >
                    <code>{shown.has(name) ? value : '••••••••'}</code>
                  </Row>
                ))}
              </Rows>
            )
          }
        </Remote>
      </Card>
      {editing && <VariableDialog key={editing.name ?? ''} given={editing} onClose={() => setEditing(undefined)} />}
      <ConfirmDialog
        open={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        onConfirm={() => removing && remove.mutate(removing)}
        title={`Remove ${removing ?? ''}`}
        action="Remove"
        busy={remove.isPending}
        error={remove.error?.message}
      >
        Functions that read it get nothing from their next run on.
      </ConfirmDialog>
    </>
  );
}

function VariableDialog({ given, onClose }: { given: { name?: string; value: string }; onClose: () => void }) {
  const environment = useEnvironment();
  const queries = useQueryClient();
  const [name, setName] = useState(given.name ?? '');
  const [value, setValue] = useState(given.value);
  const save = useMutation({
    mutationFn: () => call('PUT', address('/environment-variables/{name}', { name: name.trim() }), { environment, body: { value } }),
    onSuccess: async () => {
      toast(`${name.trim()} is saved`, { description: 'Functions read it from their next run on.' });
      onClose();
      await queries.invalidateQueries({ queryKey: [environment, 'variables'] });
    },
  });
  return (
    <FormDialog
      title={given.name ? `Edit ${given.name}` : 'Add variable'}
      action={given.name ? 'Save' : 'Add variable'}
      onSubmit={() => save.mutate()}
      onClose={onClose}
      busy={save.isPending}
      error={otherIssue(save.error)}
    >
      <TextField label="Name" mono required readOnly={given.name !== undefined} autoFocus={given.name === undefined} value={name} onChange={setName} placeholder="ERP_URL" />
      <TextArea label="Value" autoFocus={given.name !== undefined} value={value} onChange={setValue} spellCheck={false} />
    </FormDialog>
  );
}
