import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { UserPlus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { address, ApiError, call } from '../../api/call';
import { issueAt, otherIssue } from '../../api/issues';
import { sessionQuery, type Role } from '../../api/session';
import { membersQuery, type Member } from '../../api/settings';
import { useCan, useEnvironment } from '../../shell/environment';
import { environmentTitle } from '../../shell/EnvironmentSwitcher';
import { Badge } from '../../ui/Badge';
import { Button, IconButton } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Choices } from '../../ui/Choices';
import { ConfirmDialog, Dialog } from '../../ui/Dialog';
import { TextField } from '../../ui/Field';
import { FormDialog } from '../../ui/FormDialog';
import { Row, Rows } from '../../ui/Rows';
import { Secret } from '../../ui/Secret';
import { Select } from '../../ui/Select';
import { Time } from '../../ui/Time';
import { toast, toastError } from '../../ui/Toasts';
import { Remote } from './Remote';

const roles: { value: Role; label: string; hint: string }[] = [
  { value: 'viewer', label: 'Viewer', hint: 'Looks at everything but credentials, keys and variables.' },
  { value: 'support', label: 'Support', hint: 'Also edits configurations, runs syncs and actions.' },
  { value: 'developer', label: 'Developer', hint: 'Also connections and their credentials, integrations, functions, variables, webhooks.' },
  { value: 'admin', label: 'Admin', hint: 'Also keys and members.' },
];

const lastAdmin = (error: Error) => (error instanceof ApiError && error.code === 'last_admin' ? new Error('Somebody has to stay admin. Make another member admin first.') : error);

/** Who may do what in this environment. */
export default function Members() {
  const environment = useEnvironment();
  const mayWrite = useCan()('members:write');
  const query = useQuery(membersQuery(environment));
  const { data: session } = useQuery(sessionQuery);
  const queries = useQueryClient();
  const [inviting, setInviting] = useState(false);
  const [removing, setRemoving] = useState<Member>();
  const reload = () => queries.invalidateQueries({ queryKey: [environment, 'members'] });
  const change = useMutation({
    mutationFn: ({ member, role }: { member: Member; role: Role }) => call('PATCH', address('/members/{id}', { id: member.id }), { environment, body: { role } }),
    onSuccess: async (_, { member, role }) => {
      toast(`${member.name || member.email} is now ${role}`);
      await reload();
      if (member.id === session?.user.id) await queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
    },
    onError: (error) => toastError('The role did not change', lastAdmin(error)),
  });
  const remove = useMutation({
    mutationFn: (member: Member) => call('DELETE', address('/members/{id}', { id: member.id }), { environment }),
    onSuccess: async (_, member) => {
      setRemoving(undefined);
      toast(`${member.name || member.email} is removed`);
      await reload();
    },
  });
  return (
    <>
      <Card
        title={`Members of ${environmentTitle(environment)}`}
        actions={
          mayWrite && (
            <Button look="primary" icon={<UserPlus size={15} aria-hidden />} onClick={() => setInviting(true)}>
              Invite member
            </Button>
          )
        }
        flush
      >
        <Remote query={query} what="members">
          {(members) => (
            <Rows label="Members">
              {members.map((member) => (
                <Row
                  key={member.id}
                  title={member.name || member.email}
                  badge={
                    <>
                      {member.id === session?.user.id && <Badge tone="accent">you</Badge>}
                      {member.pending && <Badge tone="warn">invited</Badge>}
                    </>
                  }
                  aside={
                    mayWrite ? (
                      <Select
                        label={`Role of ${member.name || member.email}`}
                        value={member.role}
                        options={roles}
                        onChange={(role) => change.mutate({ member, role })}
                        className="w-32"
                      />
                    ) : (
                      <span className="capitalize">{member.role}</span>
                    )
                  }
                  actions={
                    mayWrite && (
                      <IconButton label={`Remove ${member.name || member.email}`} onClick={() => setRemoving(member)}>
                        <Trash2 size={15} aria-hidden />
                      </IconButton>
                    )
                  }
                >
                  {member.name && `${member.email} · `}
                  {member.pending ? (
                    <>
                      link holds until <Time at={member.invite_expires_at} />
                    </>
                  ) : (
                    <>
                      seen <Time at={member.last_seen_at} empty="never" />
                    </>
                  )}
                </Row>
              ))}
            </Rows>
          )}
        </Remote>
      </Card>
      {inviting && <InviteDialog onClose={() => setInviting(false)} onInvited={reload} />}
      <ConfirmDialog
        open={removing !== undefined}
        onClose={() => {
          setRemoving(undefined);
          remove.reset();
        }}
        onConfirm={() => removing && remove.mutate(removing)}
        title={`Remove ${removing?.name || removing?.email || ''}`}
        action="Remove"
        busy={remove.isPending}
        error={remove.error ? lastAdmin(remove.error).message : undefined}
      >
        They can no longer open {environmentTitle(environment)}. {removing && Object.keys(removing.roles).length < 2 ? 'It is their only environment, so their sessions end.' : 'Their other environments stay.'}
      </ConfirmDialog>
    </>
  );
}

function InviteDialog({ onClose, onInvited }: { onClose: () => void; onInvited: () => Promise<void> }) {
  const environment = useEnvironment();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('support');
  const invite = useMutation({
    mutationFn: () => call<Member & { invite_link: string | null }>('POST', '/members', { environment, body: { email: email.trim(), role } }),
    onSuccess: onInvited,
  });
  if (invite.data) {
    const link = invite.data.invite_link;
    return (
      <Dialog
        open
        onClose={onClose}
        title={link ? `${invite.data.email} is invited` : `${invite.data.email} is a member now`}
        description={link ? 'Give them this link. It works once and is not shown again.' : 'They have an account already and can open this environment at once.'}
        foot={
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        }
      >
        {link && <Secret label="Invite link" text={link} />}
      </Dialog>
    );
  }
  return (
    <FormDialog
      title="Invite member"
      action="Invite member"
      onSubmit={() => invite.mutate()}
      onClose={onClose}
      busy={invite.isPending}
      error={otherIssue(invite.error, 'email')}
    >
      <TextField label="E-mail" type="email" required autoFocus value={email} onChange={setEmail} error={issueAt(invite.error, 'email')} />
      <Choices label={`Role in ${environmentTitle(environment)}`} value={role} onChange={setRole} options={roles} />
    </FormDialog>
  );
}
