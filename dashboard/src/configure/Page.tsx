import { Check, CircleAlert } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ApiError } from '../api/call';
import { FormPlaceProvider, type FormPlace } from '../configuration/context';
import { changes, mergePatch } from '../configuration/document';
import { Form } from '../configuration/Form';
import { merge } from '../configuration/merge';
import { OptionsStore } from '../configuration/options';
import { Preview } from '../configuration/Preview';
import { useEditing } from '../configuration/useEditing';
import { usePreview } from '../configuration/usePreview';
import { language, t } from '../i18n';
import { Button } from '../ui/Button';
import type { ConfigureApi, ConfigureSession } from './api';
import { embedded, tell } from './embed';

/** The page of an end customer: what they may choose, what it would do, and saving it. */
export function Page({ api, session }: { api: ConfigureApi; session: ConfigureSession }) {
  const system = session.integration.display_name;
  const product = session.product_name ?? undefined;
  const editing = useEditing({
    loaded: { own: session.values, revision: session.revision, problems: session.problems },
    schema: session.schema,
    ui: session.ui,
    defaults: session.inherited,
    language: language(),
  });
  const options = useMemo(() => new OptionsStore(api.options), [api]);
  const patch = () => mergePatch(editing.base.own, editing.own) ?? {};
  const previewing = usePreview((_, signal) => api.preview(patch(), signal));
  const stale = previewing.of !== undefined && changes(previewing.of, editing.own).length > 0;
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ text: string; bad?: boolean }>();
  const dirty = editing.changed.length;
  const errors = editing.problems.filter((one) => one.level === 'error');

  const form = useRef<HTMLDivElement>(null);
  const goToError = () => {
    const rows = [...(form.current?.querySelectorAll<HTMLElement>('[data-path]') ?? [])];
    const row = rows.find((one) => errors.some(({ path }) => path === one.dataset.path || path.startsWith(`${one.dataset.path}/`)));
    row?.scrollIntoView({ block: 'center' });
    row?.querySelector<HTMLElement>('input, select, textarea, button')?.focus();
  };

  const save = async () => {
    if (busy || dirty === 0) return;
    if (errors.length > 0) {
      goToError();
      return;
    }
    setBusy(true);
    setSaid(undefined);
    try {
      const saved = await api.save(patch(), editing.base.revision);
      editing.adopt({ own: saved.values, revision: saved.revision, problems: saved.problems });
      previewing.close();
      setSaid({ text: t('page.saved') });
      tell({ type: 'bespoke:saved', revision: saved.revision });
    } catch (error) {
      await failed(error);
    } finally {
      setBusy(false);
    }
  };
  const failed = async (error: unknown) => {
    if (error instanceof ApiError && error.status === 412) {
      // Someone else saved: what they changed comes in, and what was chosen here stays on top of it.
      const now = await api.session();
      const { document } = merge(editing.base.own, now.values, editing.own);
      editing.adopt({ own: now.values, revision: now.revision, problems: now.problems }, document);
      setSaid({ text: t('page.moved') });
      return;
    }
    const expired = error instanceof ApiError && error.status === 401;
    const reason = expired ? t('page.expired.title') : error instanceof Error ? error.message : String(error);
    setSaid({ text: t('page.save.failed', { reason }), bad: true });
    tell({ type: 'bespoke:error', code: error instanceof ApiError ? error.code : 'unknown', message: reason });
  };
  useEffect(() => {
    if (dirty > 0) setSaid(undefined);
  }, [dirty]);
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => dirty > 0 && event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [dirty]);

  const place: FormPlace = { editing, options, system, product, audience: 'customer', readOnly: false };
  const empty = Object.keys(editing.form?.schema.properties ?? {}).length === 0;
  return (
    <FormPlaceProvider value={place}>
      <main className="mx-auto flex max-w-[760px] flex-col gap-4 px-5 pt-6 pb-4">
        <header>
          <h1 className="text-list-page font-semibold">{t('page.title', { system })}</h1>
          {product && <p className="mt-1 text-[14px] leading-5 text-ink2">{t('page.why', { system, product })}</p>}
        </header>
        <div ref={form}>{empty ? <p className="text-ink2">{t('page.nothing')}</p> : <Form />}</div>
        {previewing.state && (
          <div className="flex max-h-[420px] flex-col overflow-hidden rounded-card border">
            <Preview
              title={t('preview.title')}
              state={previewing.state}
              stale={stale}
              onAgain={() => previewing.run(editing.own)}
              onStop={previewing.stop}
              onClose={previewing.close}
            />
          </div>
        )}
      </main>
      {!empty && (
        <div role="region" aria-label={t('page.save')} className="sticky bottom-0 z-20 border-t bg-surface">
          <div className="mx-auto flex min-h-14 max-w-[760px] flex-wrap items-center justify-end gap-2 px-5 py-2">
            <div className="mr-auto min-w-0" role={said?.bad ? 'alert' : 'status'}>
              {said ? (
                <span className={`flex items-center gap-1.5 ${said.bad ? 'text-bad' : 'text-ok'}`}>
                  {said.bad ? <CircleAlert size={15} className="shrink-0" aria-hidden /> : <Check size={15} className="shrink-0" aria-hidden />}
                  {said.text}
                </span>
              ) : errors.length > 0 && dirty > 0 ? (
                <button type="button" className="text-left text-bad hover:underline" onClick={goToError}>
                  {t('page.problems', { count: errors.length })}
                </button>
              ) : (
                <span className={dirty > 0 ? 'font-medium text-accent-text' : 'text-ink2'}>{t('page.unsaved', { count: dirty })}</span>
              )}
            </div>
            {dirty > 0 && (
              <Button look="quiet" onClick={editing.discard}>
                {t('page.discard')}
              </Button>
            )}
            {session.preview && session.preview.functions.length > 0 && dirty > 0 && (
              <Button onClick={() => previewing.run(editing.own)}>{t('page.see')}</Button>
            )}
            {embedded && dirty === 0 && <Button onClick={() => tell({ type: 'bespoke:closed' })}>{t('page.close')}</Button>}
            <Button look="primary" busy={busy} disabled={dirty === 0} onClick={() => void save()}>
              {t('page.save')}
            </Button>
          </div>
        </div>
      )}
    </FormPlaceProvider>
  );
}

/** Where the page cannot be used: why, and what to do. */
export function Refused({ title, children }: { title: string; children: string }) {
  return (
    <main className="mx-auto flex max-w-md flex-col items-center gap-2 px-6 py-20 text-center">
      <CircleAlert size={22} className="text-ink3" aria-hidden />
      <h1 className="text-section font-semibold">{title}</h1>
      <p className="text-ink2">{children}</p>
    </main>
  );
}
