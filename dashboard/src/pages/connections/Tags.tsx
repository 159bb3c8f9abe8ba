import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { connectionQuery, patchConnection, type At, type Connection } from '../../api/connections';
import { useCan } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { TextField } from '../../ui/Field';
import { toast, toastError } from '../../ui/Toasts';
import { Chip } from './Chip';

/** Tags that say who the customer is; they follow the customer and are not removed here. */
const derived = new Set(['end_user_id', 'end_user_email', 'end_user_display_name', 'organization_id', 'organization_display_name']);
const keyPattern = /^[a-zA-Z][a-zA-Z0-9_\-./]{0,63}$/;

/** The tags: added and removed at once, and taken back where the server refuses or the person undoes it. */
export function Tags({ at, connection }: { at: At; connection: Connection }) {
  const can = useCan();
  const queries = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const mayEdit = can('environment:connections:update');
  const { queryKey } = connectionQuery(at);
  const save = useMutation({
    mutationFn: (tags: Record<string, string>) => patchConnection(at, { tags }),
    onMutate: (tags) => {
      const before = connection.tags;
      queries.setQueryData(queryKey, (old) => old && { ...old, tags });
      return before;
    },
    onError: (error, _tags, before) => {
      queries.setQueryData(queryKey, (old) => old && before && { ...old, tags: before });
      toastError('The tags were not changed', error);
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: [at.env, 'connections', 'list'] }),
  });
  const change = (tags: Record<string, string>, told: string) => {
    const before = connection.tags;
    save.mutate(tags, { onSuccess: () => toast(told, { undo: () => save.mutate(before) }) });
  };
  const add = (event: FormEvent) => {
    event.preventDefault();
    const name = key.trim().toLowerCase();
    change({ ...connection.tags, [name]: value.trim() }, `Tag ${name} added`);
    setAdding(false);
    setKey('');
    setValue('');
  };
  const remove = (name: string) => {
    const { [name]: _, ...rest } = connection.tags;
    change(rest, `Tag ${name} removed`);
  };
  const wrongKey = key && !keyPattern.test(key.trim()) ? 'Letters, digits and _ - . / only, and a letter first.' : undefined;
  const tags = Object.entries(connection.tags);
  return (
    <Card
      title="Tags"
      actions={
        mayEdit && !adding && (
          <Button size="small" icon={<Plus size={14} aria-hidden />} onClick={() => setAdding(true)}>
            Add tag
          </Button>
        )
      }
    >
      {tags.length === 0 && !adding && <p className="text-ink3">No tags. They group customers, for example by plan or region.</p>}
      {tags.length > 0 && (
        <ul className="flex flex-wrap gap-1.5">
          {tags.map(([name, text]) => (
            <li key={name} className="max-w-full">
              <Chip remove={mayEdit && !derived.has(name) ? `Remove the tag ${name}` : undefined} onRemove={() => remove(name)}>
                <span className="text-ink3">{name}:</span> {text}
              </Chip>
            </li>
          ))}
        </ul>
      )}
      {adding && (
        <form onSubmit={add} className={`flex flex-wrap items-start gap-2 ${tags.length ? 'mt-3' : ''}`}>
          <TextField label="Key" hideLabel placeholder="Key, such as plan" value={key} onChange={setKey} error={wrongKey} autoFocus className="w-44" />
          <TextField label="Value" hideLabel placeholder="Value, such as pro" value={value} onChange={setValue} maxLength={255} className="w-44" />
          <Button look="primary" type="submit" disabled={!key.trim() || !value.trim() || Boolean(wrongKey)}>
            Add tag
          </Button>
          <Button onClick={() => setAdding(false)}>Cancel</Button>
        </form>
      )}
    </Card>
  );
}
