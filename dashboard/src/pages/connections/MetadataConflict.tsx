import { Button } from '../../ui/Button';
import { Time } from '../../ui/Time';
import type { Operation } from './adopt';
import { dotted } from './search';

/** What someone else saved while the text was edited. */
export interface Conflict {
  revision: number;
  operations: Operation[];
  who?: string;
  at?: string;
}

const verbs = { add: 'set to', replace: 'changed to', remove: 'removed' };

/** Tells what changed meanwhile. The text in the editor stays as it is until its owner takes that in. */
export function MetadataConflict({ conflict, onMerge }: { conflict: Conflict; onMerge: () => void }) {
  return (
    <section role="alert" aria-label="Saved by someone else" className="border-b bg-warn-soft px-4 py-3">
      <p className="font-medium text-warn">
        {conflict.who ?? 'Someone'} saved revision {conflict.revision} while you were editing{conflict.at && <> (<Time at={conflict.at} />)</>}.
      </p>
      <p className="mt-0.5 text-ink2">Nothing of yours is lost, and nothing was overwritten. This is what changed:</p>
      <ul className="mt-2 flex flex-col gap-1">
        {conflict.operations.map((operation, index) => (
          <li key={index} className="flex flex-wrap items-baseline gap-x-1.5">
            <code className="text-code font-medium break-all">{dotted(operation.path) || 'everything'}</code>
            <span>{verbs[operation.op]}</span>
            {operation.op !== 'remove' && <code className="text-code break-all">{JSON.stringify(operation.value)}</code>}
          </li>
        ))}
        {conflict.operations.length === 0 && <li>The revision that you began with is not there any more.</li>}
      </ul>
      <Button className="mt-3" onClick={onMerge}>
        Put their changes into my text
      </Button>
    </section>
  );
}
