import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { address, ApiError, call } from '../../api/call';
import { issueAt, otherIssue } from '../../api/issues';
import { sessionQuery } from '../../api/session';
import { sessionsQuery, type OwnSession } from '../../api/settings';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { TextField } from '../../ui/Field';
import { Row, Rows } from '../../ui/Rows';
import { Time } from '../../ui/Time';
import { toast, toastError } from '../../ui/Toasts';
import { passwordProblem, passwordRule } from '../session/password';
import { Remote } from './Remote';

/** One's own password, and where one is signed in. */
export default function Account() {
  return (
    <>
      <Password />
      <Sessions />
      <p className="text-hint text-ink3">Times in this dashboard are in your own time zone, {Intl.DateTimeFormat().resolvedOptions().timeZone}.</p>
    </>
  );
}

function Password() {
  const { data: session } = useQuery(sessionQuery);
  const queries = useQueryClient();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [tried, setTried] = useState(false);
  const change = useMutation({
    mutationFn: () => call('PUT', '/session/password', { body: { current, new: next } }),
    onSuccess: async () => {
      toast('Your password is changed', { description: 'Your other sessions are ended.' });
      setCurrent('');
      setNext('');
      setTried(false);
      await queries.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    },
  });
  const wrong = change.error instanceof ApiError && change.error.code === 'wrong_credentials';
  const other = wrong ? undefined : otherIssue(change.error, 'current', 'new');
  return (
    <Card title="Password" hint={session?.user.email}>
      <form
        className="max-w-sm space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (!passwordProblem(next)) change.mutate();
        }}
      >
        <input type="hidden" name="username" autoComplete="username" value={session?.user.email ?? ''} readOnly />
        <TextField
          label="Current password"
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onChange={setCurrent}
          error={wrong ? 'This is not your password.' : issueAt(change.error, 'current')}
        />
        <TextField
          label="New password"
          type="password"
          autoComplete="new-password"
          required
          value={next}
          onChange={setNext}
          hint={passwordRule}
          error={(tried && next ? passwordProblem(next) : undefined) ?? issueAt(change.error, 'new')}
        />
        {other && (
          <p role="alert" className="text-bad">
            {other}
          </p>
        )}
        <Button look="primary" type="submit" busy={change.isPending}>
          Change password
        </Button>
      </form>
    </Card>
  );
}

function Sessions() {
  const query = useQuery(sessionsQuery);
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: (session: OwnSession) => call('DELETE', address('/session/list/{id}', { id: session.id })),
    onSuccess: async () => {
      toast('The session is ended');
      await queries.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    },
    onError: (error) => toastError('The session did not end', error),
  });
  return (
    <Card title="Where you are signed in" flush>
      <Remote query={query} what="sessions">
        {(sessions) => (
          <Rows label="Sessions">
            {sessions.map((session) => (
              <Row
                key={session.id}
                title={browser(session.user_agent)}
                badge={session.current && <Badge tone="ok">this one</Badge>}
                actions={
                  !session.current && (
                    <Button size="small" look="danger" busy={end.isPending && end.variables?.id === session.id} onClick={() => end.mutate(session)} aria-label={`End the session of ${browser(session.user_agent)} from ${session.ip}`}>
                      End
                    </Button>
                  )
                }
              >
                {session.ip && `${session.ip} · `}signed in <Time at={session.created_at} /> · used <Time at={session.last_used_at} />
              </Row>
            ))}
          </Rows>
        )}
      </Remote>
    </Card>
  );
}

/** "Firefox on Linux" from what a browser calls itself; that itself where it is another. */
function browser(agent: string): string {
  const name = /(Edg|OPR|Firefox|Chrome|Safari)\//.exec(agent)?.[1];
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1];
  if (!name) return agent.slice(0, 60) || 'Unknown program';
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera' };
  return `${names[name] ?? name}${system ? ` on ${system.replace('Mac OS X', 'macOS')}` : ''}`;
}
