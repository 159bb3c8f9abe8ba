import type { FieldProps } from '@rjsf/utils';
import { useEffect, useState } from 'react';
import { t } from '../../i18n';
import { useForm } from '../context';
import { equal, type Json, print } from '../document';

/** A value that no form can show well: as JSON, taken over whenever it is whole. */
export function JsonField(props: FieldProps) {
  const { readOnly } = useForm();
  const value = props.formData as Json | undefined;
  const [text, setText] = useState(value === undefined ? '' : print(value));
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    // Someone else changed it: the editor beside, a reset.
    setText((old) => (same(old, value) ? old : value === undefined ? '' : print(value)));
    setBroken(false);
  }, [value]);
  const change = (next: string) => {
    setText(next);
    try {
      const parsed = next.trim() === '' ? undefined : (JSON.parse(next) as Json);
      setBroken(false);
      props.onChange(parsed, props.fieldPathId.path);
    } catch {
      setBroken(true);
    }
  };
  const inCard = props.fieldPathId.path.length === 1;
  const title = props.schema.title ?? props.name;
  return (
    <div className={inCard ? 'px-4 py-3' : ''}>
      {readOnly ? (
        <pre className="text-code whitespace-pre-wrap">{text || t('field.empty')}</pre>
      ) : (
        <textarea
          id={props.fieldPathId.$id}
          aria-label={t('field.json', { field: title })}
          aria-invalid={broken || undefined}
          spellCheck={false}
          rows={Math.min(12, Math.max(3, text.split('\n').length))}
          value={text}
          onChange={(event) => change(event.target.value)}
          className="w-full rounded-control border border-control bg-surface px-2.5 py-1.5 font-mono text-code aria-invalid:border-bad"
        />
      )}
    </div>
  );
}

function same(text: string, value: Json | undefined): boolean {
  try {
    return text.trim() === '' ? value === undefined : equal(JSON.parse(text) as Json, value);
  } catch {
    return false;
  }
}
