import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { address, call } from '../../api/call';
import { keysQuery, type Key } from '../../api/settings';
import { useCan, useEnvironment } from '../../shell/environment';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ConfirmDialog } from '../../ui/Dialog';
import { Row, Rows } from '../../ui/Rows';
import { EmptyState } from '../../ui/States';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toasts';
import { NewKey } from './NewKey';
import { Remote } from './Remote';
import { scopeWords } from './scopes';

/** The secret keys that programs call the API with. */
export default function Keys() {
  const environment = useEnvironment();
  const mayWrite = useCan()('keys:write');
  const query = useQuery(keysQuery(environment));
  const queries = useQueryClient();
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key>();
  const revoke = useMutation({
    mutationFn: (key: Key) => call('DELETE', address('/keys/{id}', { id: key.id }), { environment }),
    onSuccess: async (_, key) => {
      setRevoking(undefined);
      toast(`${key.display_name} is revoked`);
      await queries.invalidateQueries({ queryKey: [environment, 'keys'] });
    },
  });
  const create = mayWrite && (
    <Button look="primary" icon={<Plus size={15} aria-hidden />} onClick={() => setMaking(true)}>
      Create key
    </Button>
  );
  return (
    <>
      <Card title="Secret keys" hint="Programs call the API with them. A key is for this environment only." actions={create} flush>
        <Remote query={query} what="keys">
          {(keys) =>
            keys.length === 0 ? (
              <EmptyState icon={<KeyRound size={22} aria-hidden />} title="No keys yet">
                Your backend and the CLI need one.
              </EmptyState>
            ) : (
              <Rows label="Secret keys">
                {keys.map((key) => (
                  <Row
                    key={key.id}
                    title={key.display_name}
                    badge={<Expiry at={key.expires_at} />}
                    actions={
                      mayWrite && (
                        <Button look="danger" size="small" onClick={() => setRevoking(key)} aria-label={`Revoke ${key.display_name}`}>
                          Revoke
                        </Button>
                      )
                    }
                  >
                    <span title={key.scopes.join('\n')}>{scopeWords(key.scopes)}</span> · created <Time at={key.created_at} /> ·{' '}
                    {key.last_used_at ? (
                      <>
                        used <Time at={key.last_used_at} />
                      </>
                    ) : (
                      'never used'
                    )}
                  </Row>
                ))}
              </Rows>
            )
          }
        </Remote>
      </Card>
      {making && <NewKey onClose={() => setMaking(false)} />}
      <ConfirmDialog
        open={revoking !== undefined}
        onClose={() => setRevoking(undefined)}
        onConfirm={() => revoking && revoke.mutate(revoking)}
        title={`Revoke ${revoking?.display_name ?? ''}`}
        action="Revoke"
        busy={revoke.isPending}
        error={revoke.error?.message}
      >
        Whatever uses this key gets no answers from now on. It cannot be taken back; create another key first where something still needs one.
      </ConfirmDialog>
    </>
  );
}

function Expiry({ at }: { at: string | null }) {
  if (!at) return null;
  const days = (Date.parse(at) - Date.now()) / 86_400_000;
  if (days <= 0) return <Badge tone="bad">expired</Badge>;
  const word = days < 2 ? `${Math.max(1, Math.round(days * 24))} h` : `${Math.round(days)} days`;
  return <Badge tone={days < 14 ? 'warn' : 'neutral'}>expires in {word}</Badge>;
}
