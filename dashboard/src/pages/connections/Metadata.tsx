import { useQuery } from '@tanstack/react-query';
import { Pencil } from 'lucide-react';
import { useState } from 'react';
import type { At } from '../../api/connections';
import { metadataQuery, type Metadata } from '../../api/metadata';
import { Status } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Code } from '../../ui/Code';
import { ErrorState, Loading } from '../../ui/States';
import { MetadataEditor } from './MetadataEditor';
import { dotted } from './search';
import { plural } from './words';

/** The metadata as JSON: read, and edited by those who may. */
export function MetadataCard({ at, mayEdit }: { at: At; mayEdit: boolean }) {
  const metadata = useQuery(metadataQuery(at));
  const [editing, setEditing] = useState(false);
  const own = Object.values(metadata.data?.layers ?? {}).filter((layer) => layer === 'connection').length;
  const lines = (metadata.data?.text.split('\n').length ?? 0) + 1;
  return (
    <Card
      title="Metadata"
      flush
      hint={metadata.data && (metadata.data.revision ? `${plural(own, 'own value')} · revision ${metadata.data.revision}` : 'Never written')}
      actions={
        metadata.data && mayEdit && !editing && (
          <Button size="small" icon={<Pencil size={14} aria-hidden />} onClick={() => setEditing(true)}>
            Edit metadata
          </Button>
        )
      }
    >
      {metadata.isPending && <Loading what="the metadata" />}
      {metadata.isError && !metadata.data && <ErrorState title="The metadata did not load" error={metadata.error} onRetry={() => void metadata.refetch()} />}
      {metadata.data && !editing && (
        <>
          <div tabIndex={0} role="region" aria-label="The metadata as JSON" className="max-h-[480px] overflow-auto py-2" style={{ minHeight: Math.min(lines * 20 + 16, 480) }}>
            <Code key={metadata.data.text} label="Metadata, read only" value={metadata.data.text} readOnly />
          </div>
          <Problems metadata={metadata.data} />
        </>
      )}
      {metadata.data && editing && <MetadataEditor at={at} loaded={metadata.data} onClose={() => setEditing(false)} />}
    </Card>
  );
}

/** What the schema says of the configuration that functions see. */
function Problems({ metadata }: { metadata: Metadata }) {
  if (metadata.problems.length === 0) return null;
  return (
    <ul aria-label="Problems" className="flex flex-col gap-1.5 border-t px-4 py-3">
      {metadata.problems.map((problem) => (
        <li key={problem.path + problem.code} className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
          <Status state={problem.level === 'warn' ? 'warn' : 'bad'}>{problem.level === 'warn' ? 'Warning' : 'Error'}</Status>
          {problem.path && <code className="text-code break-all">{dotted(problem.path)}</code>}
          <span className="text-ink2">{problem.message}</span>
        </li>
      ))}
    </ul>
  );
}
