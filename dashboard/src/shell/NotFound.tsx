import { Link } from '@tanstack/react-router';
import { buttonClass } from '../ui/Button';
import { EmptyState } from '../ui/States';
import { useTitle } from './crumbs';

/** An address that leads nowhere. */
export function NotFound() {
  useTitle('Not found');
  return (
    <EmptyState
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
