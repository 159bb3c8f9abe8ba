import { useId, type ReactNode } from 'react';
import { t } from '../i18n';
import { useForm } from './context';
import { type Path, pointer } from './document';
import { LayerOf } from './LayerBadge';
import type { Problem } from './problems';

/** A card of the form: heading, how much is changed or wrong in it, rows. */
export function Section(props: { title: string; hint?: string; paths: readonly Path[]; badge?: Path; children: ReactNode }) {
  const { editing } = useForm();
  const id = useId();
  const changed = editing.changed.filter((one) => props.paths.some((path) => path.every((key, index) => one.path[index] === String(key)))).length;
  const problems = props.paths.flatMap((path) => editing.problemsAt(path, true)).length;
  return (
    <section aria-labelledby={id} className="rounded-card border bg-surface">
      <header className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-b px-4 py-2">
        <h2 id={id} className="text-section font-semibold">
          {props.title}
        </h2>
        {changed > 0 && <span className="text-hint text-accent-text">{t('section.changed', { count: changed })}</span>}
        {problems > 0 && <span className="text-hint text-bad">{t('section.problems', { count: problems })}</span>}
        {props.hint && <span className="min-w-0 text-hint text-ink3">{props.hint}</span>}
        {props.badge && (
          <span className="ml-auto">
            <LayerOf path={props.badge} title={props.title} />
          </span>
        )}
      </header>
      {props.children}
    </section>
  );
}

/** The frame of one value: marked when it is changed, when the cursor is on it in the JSON, and jumped to by its path. */
export function Row({ path, children, className = '' }: { path: Path; children: ReactNode; className?: string }) {
  const { editing, marked, onFocus } = useForm();
  const changed = editing.isChanged(path);
  return (
    <div
      data-path={pointer(path)}
      onFocus={onFocus && (() => onFocus(path))}
      className={`relative border-b px-4 py-2.5 last:border-b-0 ${changed ? 'bg-accent-soft/40 shadow-[inset_2px_0_0_var(--accent)]' : ''} ${marked === pointer(path) ? 'bg-subtle' : ''} ${className}`}
    >
      {changed && <span className="sr-only">{t('field.changed')}</span>}
      {children}
    </div>
  );
}

/** What is wrong with a value; never cut off. */
export function Problems({ id, problems }: { id: string; problems: readonly Problem[] }) {
  if (problems.length === 0) return null;
  return (
    <div id={id} className="mt-1 text-hint">
      {problems.map(({ message, level, code }) => (
        <p key={code + message} className={`break-words ${level === 'error' ? 'text-bad' : 'text-warn'}`}>
          {message}
        </p>
      ))}
    </div>
  );
}
