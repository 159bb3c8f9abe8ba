import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { ApiError, call } from '../../api/call';
import { sessionOptionsQuery, sessionQuery, type Session } from '../../api/session';
import { Button, buttonClass } from '../../ui/Button';
import { TextField } from '../../ui/Field';
import { Frame } from './Frame';
import { destination } from './next';
import { useWait } from './useWait';

/** Signing in, by password or through the provider that the operator set. */
export default function SignIn() {
  const { next, reason } = useSearch({ strict: false }) as { next?: string; reason?: string };
  const queries = useQueryClient();
  const navigate = useNavigate();
  const options = useQuery(sessionOptionsQuery);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [wait, setWait] = useWait();
  const form = useRef<HTMLFormElement>(null);
  const signIn = useMutation({
    mutationFn: () => call<Session>('POST', '/session', { body: { email: email.trim(), password } }),
    onSuccess: async (session) => {
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, session);
      await navigate({ href: destination(next), replace: true });
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 429) setWait(error.retryAfter ?? 60);
      form.current?.querySelector<HTMLInputElement>('input[name="password"]')?.select();
    },
  });
  const oidc = options.data?.oidc;
  return (
    <Frame title="Sign in">
      {reason === 'oidc' && (
        <p role="alert" className="mb-4 rounded-control bg-bad-soft px-3 py-2 text-bad">
          {oidc?.label ?? 'The provider'} did not sign you in. Ask an admin for an invite if you have none.
        </p>
      )}
      {options.data?.setup && (
        <p className="mb-4 rounded-control bg-subtle px-3 py-2 text-ink2">
          Nobody can sign in yet. Open the setup link that the server printed when it started.
        </p>
      )}
      {oidc && (
        <>
          <a href={`/session/oidc?next=${encodeURIComponent(destination(next))}`} className={`${buttonClass('secondary')} w-full border-control!`}>
            {/^sign in/i.test(oidc.label) ? oidc.label : `Sign in with ${oidc.label}`}
          </a>
          <p className="my-4 flex items-center gap-3 text-hint text-ink3 before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">or</p>
        </>
      )}
      <form
        ref={form}
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (wait === 0) signIn.mutate();
        }}
      >
        <TextField label="E-mail" type="email" name="email" autoComplete="username" required autoFocus value={email} onChange={setEmail} />
        <TextField label="Password" type="password" name="password" autoComplete="current-password" required value={password} onChange={setPassword} />
        <div aria-live="polite">
          {wait > 0 ? (
            <p className="text-bad">
              Too many tries. Try again in <span className="tabular">{wait} s</span>.
            </p>
          ) : (
            signIn.error && <p className="text-bad">{words(signIn.error)}</p>
          )}
        </div>
        <Button type="submit" look="primary" className="w-full" busy={signIn.isPending} disabled={wait > 0}>
          Sign in
        </Button>
      </form>
    </Frame>
  );
}

function words(error: unknown): string {
  if (error instanceof ApiError && error.status === 429) return '';
  if (error instanceof ApiError && error.status === 401) return 'E-mail or password is not right.';
  return error instanceof Error ? error.message : String(error);
}
