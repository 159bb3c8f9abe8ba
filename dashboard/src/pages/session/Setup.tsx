import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { call } from '../../api/call';
import { sessionOptionsQuery, type Session } from '../../api/session';
import { buttonClass } from '../../ui/Button';
import { Frame } from './Frame';
import { NewAccount } from './NewAccount';
import { useToken } from './token';

/** The first administrator, through the link that the server printed. */
export default function Setup() {
  const token = useToken();
  const options = useQuery(sessionOptionsQuery);
  if (options.data && !options.data.setup) {
    return (
      <Frame title="Bespoke is set up" hint="There is an administrator already. An admin can invite you in Settings, Members.">
        <Link to="/sign-in" className={`${buttonClass('primary')} w-full`}>
          Sign in
        </Link>
      </Frame>
    );
  }
  if (!token) {
    return (
      <Frame title="Create the first administrator">
        <p className="text-ink2">Open the setup link that the server printed when it started. It holds a code that can be used once.</p>
      </Frame>
    );
  }
  return (
    <Frame title="Create the first administrator" hint="You can invite others afterwards.">
      <NewAccount action="Create administrator" create={(account) => call<Session>('POST', '/session/setup', { body: { token, ...account } })} />
    </Frame>
  );
}
