import { Link } from '@tanstack/react-router';
import { buttonClass } from '../ui/Button';
import { EmptyState } from '../ui/States';
import { useTitle } from './crumbs';

/** An address that leads nowhere. */
export function NotFound() {
  useTitle('Not found');
  return (
    <EmptyState
      whole
      title="There is no page here"
      action={
        <Link to="/app" className={buttonClass('primary')}>
          Go to the start
        </Link>
      }
    >
      The address may be mistyped, or what it named was deleted.
    </EmptyState>
  );
}

/** A page that is there, but not for one's role. */
export function NotAllowed({ what }: { what: string }) {
  useTitle(what);
  return (
    <EmptyState whole title={`Your role does not open “${what}”`}>
      An administrator of this environment can give you another one, under Settings, Members.
    </EmptyState>
  );
}
