import { useEffect, useMemo } from 'react';
import type { Metadata } from '../../../api/configuration';
import { merge, type Merge } from '../../../configuration/merge';
import type { Editing } from '../../../configuration/useEditing';

/** What somebody else saved meanwhile, against what is unsaved here; without unsaved changes it is taken over at once. */
export function useConflict(editing: Editing, newest: Metadata | undefined): { newest: Metadata; merge: Merge } | undefined {
  const moved = newest !== undefined && newest.revision > editing.base.revision;
  const clean = editing.changed.length === 0 && !editing.syntax;
  const { adopt } = editing;
  useEffect(() => {
    if (moved && clean) adopt({ own: newest.metadata ?? {}, revision: newest.revision, problems: newest.problems });
  }, [moved, clean, newest, adopt]);
  return useMemo(
    () => (moved && !clean ? { newest, merge: merge(editing.base.own, newest.metadata ?? {}, editing.own) } : undefined),
    [moved, clean, newest, editing.base, editing.own],
  );
}
