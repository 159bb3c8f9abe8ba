import { useMutation } from '@tanstack/react-query';
import { call } from '../api/call';
import { Button } from '../ui/Button';
import { EmptyState } from '../ui/States';
import { useTitle } from './crumbs';

/** Somebody whose last role was taken away, while they were signed in. */
export function NoEnvironment() {
  useTitle('No environment');
  const signOut = useMutation({ mutationFn: () => call('DELETE', '/session'), onSuccess: () => location.assign('/sign-in') });
  return (
    <main className="flex min-h-dvh items-center justify-center bg-canvas">
      <EmptyState whole title="You have no role in any environment" action={<Button onClick={() => signOut.mutate()}>Sign out</Button>}>
        Ask an admin to give you one: Settings, Members.
      </EmptyState>
    </main>
  );
}
