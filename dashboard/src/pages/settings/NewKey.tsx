import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call';
import { issueAt, otherIssue } from '../../api/issues';
import { sessionQuery } from '../../api/session';
import type { Key } from '../../api/settings';
import { useEnvironment } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Check, Choices } from '../../ui/Choices';
import { Dialog } from '../../ui/Dialog';
import { TextField } from '../../ui/Field';
import { FormDialog } from '../../ui/FormDialog';
import { Secret } from '../../ui/Secret';
import { Select } from '../../ui/Select';
import { grouped, presets, scopesOf, type Preset } from './scopes';

const ends = [
  { value: 'never', label: 'Never' },
  { value: '7', label: 'In 7 days' },
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
] as const;

/** Makes a key, then shows its secret, once. */
export function NewKey({ onClose }: { onClose: () => void }) {
  const environment = useEnvironment();
  const queries = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const own = session?.environments.find(({ name }) => name === environment)?.scopes ?? [];
  const [name, setName] = useState('');
  const [preset, setPreset] = useState<Preset>('everything');
  const [chosen, setChosen] = useState<string[]>([]);
  const [end, setEnd] = useState<(typeof ends)[number]['value']>('never');
  const create = useMutation({
    mutationFn: () => {
      const expires_at = end === 'never' ? undefined : new Date(Date.now() + Number(end) * 86_400_000).toISOString();
      const body = { display_name: name.trim(), scopes: scopesOf(preset, own, chosen), expires_at };
      return call<Key & { secret: string }>('POST', '/keys', { environment, body });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: [environment, 'keys'] }),
  });
  if (create.data) {
    return (
      <Dialog
        open
        onClose={onClose}
        title={`${create.data.display_name} is created`}
        description="Copy the key now. It is not shown again."
        foot={
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        }
      >
        <Secret label="Secret key" text={create.data.secret} />
      </Dialog>
    );
  }
  return (
    <FormDialog
      title="Create key"
      action="Create key"
      width={560}
      onSubmit={() => create.mutate()}
      onClose={onClose}
      busy={create.isPending}
      error={otherIssue(create.error, 'display_name', 'scopes')}
    >
      <TextField label="Name" required autoFocus value={name} onChange={setName} hint="Who or what uses it." error={issueAt(create.error, 'display_name')} />
      <Choices
        label="What it may do"
        value={preset}
        onChange={setPreset}
        options={(Object.keys(presets) as Preset[]).map((value) => ({ value, label: presets[value].label, hint: presets[value].hint }))}
      />
      {preset === 'chosen' && (
        <div className="grid gap-x-6 gap-y-3 sm:grid-cols-2">
          {grouped(own).map(([about, scopes]) => (
            <fieldset key={about}>
              <legend className="text-hint text-ink3 first-letter:uppercase">{about.replaceAll('_', ' ')}</legend>
              {scopes.map((scope) => (
                <Check
                  key={scope}
                  mono
                  label={scope.replace(/^environment:/, '')}
                  checked={chosen.includes(scope)}
                  onChange={(on) => setChosen(on ? [...chosen, scope] : chosen.filter((one) => one !== scope))}
                />
              ))}
            </fieldset>
          ))}
        </div>
      )}
      {issueAt(create.error, 'scopes') && (
        <p role="alert" className="text-hint text-bad">
          {chosen.length === 0 ? 'Tick at least one.' : issueAt(create.error, 'scopes')}
        </p>
      )}
      <div>
        <p className="mb-1 font-medium">Expires</p>
        <Select label="Expires" value={end} options={ends} onChange={setEnd} className="w-44" />
      </div>
    </FormDialog>
  );
}
