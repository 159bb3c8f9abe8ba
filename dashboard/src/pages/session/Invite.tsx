import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { address, call } from '../../api/call';
import type { Session } from '../../api/session';
import { environmentTitle } from '../../shell/EnvironmentSwitcher';
import { buttonClass } from '../../ui/Button';
import { ErrorState, Loading } from '../../ui/States';
import { Frame } from './Frame';
import { NewAccount } from './NewAccount';
import { useToken } from './token';

interface Invitation {
  email: string;
  roles: Record<string, string>;
  expires_at: string;
}

/** Joining through an invite link. */
export default function Invite() {
  const token = useToken();
  const path = address('/session/invites/{token}', { token: token ?? '' });
  const invite = useQuery({
    queryKey: ['invite', token],
    queryFn: ({ signal }) => call<Invitation>('GET', path, { signal }),
    enabled: token !== undefined,
    retry: false,
  });
  if (!token || invite.error) {
    return (
      <Frame title="Join Bespoke">
        {invite.error && !('status' in invite.error && [404, 410].includes(Number(invite.error.status))) ? (
          <ErrorState title="The invite did not load" error={invite.error} onRetry={() => void invite.refetch()} />
        ) : (
          <p className="text-ink2">This invite has been used, has run out, or was taken back. Ask whoever invited you for a new link.</p>
        )}
        <Link to="/sign-in" className={`${buttonClass('secondary')} mt-5 w-full`}>
          Sign in
        </Link>
      </Frame>
    );
  }
  if (!invite.data) {
    return (
      <Frame title="Join Bespoke">
        <Loading what="the invite" />
      </Frame>
    );
  }
  const roles = Object.entries(invite.data.roles).map(([name, role]) => `${role} in ${environmentTitle(name)}`);
  return (
    <Frame title="Join Bespoke" hint={roles.length > 0 ? `You are invited as ${new Intl.ListFormat('en').format(roles)}.` : undefined}>
      <NewAccount
        action="Join Bespoke"
        email={invite.data.email}
        create={({ name, password }) => call<Session>('POST', path, { body: { name, password } })}
      />
    </Frame>
  );
}
