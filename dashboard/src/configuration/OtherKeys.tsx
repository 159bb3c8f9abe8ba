import { RotateCcw } from 'lucide-react';
import { t } from '../i18n';
import { IconButton } from '../ui/Button';
import { useForm } from './context';
import { at, print } from './document';
import { Problems, Row } from './Section';

/** What a document has and no schema knows: kept as it is, and shown apart. */
export function OtherKeys() {
  const { editing, readOnly } = useForm();
  if (editing.unknown.length === 0) return null;
  return (
    <section aria-labelledby="other-keys" className="mt-3 rounded-card border bg-surface">
      <header className="flex min-h-11 flex-wrap items-center gap-x-3 border-b px-4 py-2">
        <h2 id="other-keys" className="text-section font-semibold">
          Other keys
        </h2>
        <span className="text-hint text-ink3">Not in the schema. Kept as they are; functions can read them.</span>
      </header>
      {editing.unknown.map((path) => {
        const name = path.join('.');
        return (
          <Row key={name} path={path}>
            <div className="grid grid-cols-[minmax(120px,auto)_1fr_auto] items-center gap-3">
              <code className="text-[12px] break-all text-ink2">{name}</code>
              <code className="min-w-0 truncate text-[12px]">{print(at(editing.own, path) ?? null).replace(/\s+/g, ' ')}</code>
              {!readOnly && (
                <IconButton label={t('list.remove', { field: name })} onClick={() => editing.reset(path)}>
                  <RotateCcw size={14} aria-hidden />
                </IconButton>
              )}
            </div>
            <Problems id={`other-${name}`} problems={editing.problemsAt(path, true)} />
          </Row>
        );
      })}
    </section>
  );
}
