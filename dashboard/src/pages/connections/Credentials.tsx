import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Eye, EyeOff, KeyRound } from 'lucide-react';
import { useEffect, useState } from 'react';
import { readCredentials, type At, type Connection, type Provider } from '../../api/connections';
import { useCan } from '../../shell/environment';
import { Status } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { CopyButton } from '../../ui/CopyButton';
import { Time } from '../../ui/Time';
import { toastError } from '../../ui/Toasts';
import { credentialForm, credentialLabel } from './credentials';
import { Facts } from '../../ui/Facts';
import { ReplaceCredentials } from './ReplaceCredentials';
import { modeWords } from './words';

const mask = '••••••••••••';
/** Revealed secrets are hidden again after this time. */
const shownFor = 60_000;

/** The credentials: masked, and read only when someone who may see them asks to. */
export function Credentials({ at, connection, provider }: { at: At; connection: Connection; provider?: Provider }) {
  const can = useCan();
  const queries = useQueryClient();
  const [replacing, setReplacing] = useState(false);
  const [secrets, setSecrets] = useState<{ values: [string, string][]; expiresAt?: string }>();
  const reveal = useMutation({
    mutationFn: () => readCredentials(at),
    onSuccess: setSecrets,
    onError: (error) => toastError('The credentials were not read', error),
  });
  useEffect(() => {
    if (!secrets) return;
    const timer = setTimeout(() => setSecrets(undefined), shownFor);
    return () => clearTimeout(timer);
  }, [secrets]);
  useEffect(() => setSecrets(undefined), [at.connection, at.integration]);
  const form = provider && credentialForm(provider);
  const names = secrets?.values.map(([name]) => name) ?? form?.fields.filter((field) => !field.optional).map((field) => field.name) ?? ['credentials'];
  const mayRead = can('environment:connections:read_credentials');
  const isFailing = connection.errors.some((error) => error.type === 'auth');
  return (
    <Card
      title="Credentials"
      hint={provider && `${modeWords[provider.auth_mode] ?? provider.auth_mode} for ${provider.display_name}`}
      actions={
        <>
          {mayRead && names.length > 0 && (
            <Button
              size="small"
              busy={reveal.isPending}
              aria-pressed={Boolean(secrets)}
              icon={secrets ? <EyeOff size={14} aria-hidden /> : <Eye size={14} aria-hidden />}
              onClick={() => (secrets ? setSecrets(undefined) : reveal.mutate())}
            >
              {secrets ? 'Hide' : 'Reveal'}
            </Button>
          )}
          {can('environment:connections:create') && form && form.fields.length > 0 && (
            <Button size="small" icon={<KeyRound size={14} aria-hidden />} onClick={() => setReplacing(true)}>
              Replace
            </Button>
          )}
        </>
      }
    >
      {isFailing && (
        <div className="mb-3 flex flex-wrap items-center gap-2 rounded-control bg-bad-soft px-3 py-2 text-bad">
          <Status state="bad">Authorization failed</Status>
          <span>The provider does not take these credentials any more. Replace them, or let the customer connect again.</span>
        </div>
      )}
      {names.length === 0 ? (
        <p className="text-ink2">This provider needs no credentials.</p>
      ) : (
        <Facts
          facts={names.map((name) => {
            const value = secrets?.values.find(([one]) => one === name)?.[1];
            return [
              name === 'credentials' ? 'Credentials' : credentialLabel(name, provider),
              value === undefined ? (
                <code className="text-code text-ink2" aria-label="hidden" role="img">
                  {mask}
                </code>
              ) : (
                <span className="flex items-start gap-1">
                  <code className="min-w-0 py-1 text-code break-all">{value}</code>
                  <CopyButton text={value} label={`Copy ${credentialLabel(name, provider)}`} />
                </span>
              ),
            ];
          })}
        />
      )}
      {!mayRead && names.length > 0 && <p className="mt-3 text-hint text-ink3">Developers and admins can reveal credentials.</p>}
      {secrets?.expiresAt && (
        <p className="mt-3 text-hint text-ink3">
          The token ends <Time at={secrets.expiresAt} />
        </p>
      )}
      {connection.last_fetched_at && (
        <p className="mt-3 text-hint text-ink3">
          Last used or checked <Time at={connection.last_fetched_at} />
        </p>
      )}
      {replacing && provider && (
        <ReplaceCredentials
          at={at}
          provider={provider}
          connection={connection}
          onClose={() => setReplacing(false)}
          onDone={() => {
            setReplacing(false);
            setSecrets(undefined);
            void queries.invalidateQueries({ queryKey: [at.env, 'connections'] });
          }}
        />
      )}
    </Card>
  );
}
