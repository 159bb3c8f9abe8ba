// What was typed and not saved outlives a reload, in this tab only.
import { useEffect } from 'react';
import type { Connection } from '../../../api/configuration';
import type { Editing } from '../../../configuration/useEditing';

const name = ({ environment, providerConfigKey, connectionId }: Connection) => `bespoke.draft.${environment}/${providerConfigKey}/${connectionId}`;

/** The draft of exactly this revision. */
export function draftOf(at: Connection, revision: number): string | undefined {
  try {
    const draft = JSON.parse(sessionStorage.getItem(name(at)) ?? 'null') as { revision: number; text: string } | null;
    return draft?.revision === revision ? draft.text : undefined;
  } catch {
    return undefined;
  }
}

/** Whoever discards their changes gets no draft back. */
export function forgetDraft(at: Connection) {
  try {
    sessionStorage.removeItem(name(at));
  } catch {
    // Where storage is forbidden, nothing was kept.
  }
}

/** Whether a schema has secrets: their drafts are not kept. */
const secret = (schema: object | null) => /"(secret|writeOnly)":\s*true/.test(JSON.stringify(schema ?? {}));

/** Keeps the draft while there is one. */
export function useDraft(at: Connection, schema: object | null, editing: Editing) {
  const { text, changed, syntax, base } = editing;
  const dirty = changed.length > 0 || syntax !== undefined;
  useEffect(() => {
    try {
      if (dirty && !secret(schema)) sessionStorage.setItem(name(at), JSON.stringify({ revision: base.revision, text }));
      else sessionStorage.removeItem(name(at));
    } catch {
      // Storage may be forbidden or full: then there is no draft.
    }
  }, [at, schema, text, dirty, base.revision]);
}
