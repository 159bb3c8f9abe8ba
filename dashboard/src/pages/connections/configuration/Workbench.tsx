// The Configuration tab: form and JSON in step, preview, review, history, and what happens when two edit at once.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useBlocker, useNavigate, useSearch } from '@tanstack/react-router';
import { Info, TriangleAlert } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import * as api from '../../../api/configuration';
import { ApiError } from '../../../api/call';
import { FormPlaceProvider, type FormPlace } from '../../../configuration/context';
import { changes, isObject, type JsonObject, type Path, pointer, print } from '../../../configuration/document';
import { Form } from '../../../configuration/Form';
import { actorWords } from '../../../configuration/actors';
import { OptionsStore } from '../../../configuration/options';
import { Sentence } from '../../../configuration/sentences';
import { useEditing } from '../../../configuration/useEditing';
import { usePreview } from '../../../configuration/usePreview';
import { useCan } from '../../../shell/environment';
import { useShortcuts } from '../../../shell/keys';
import { Button } from '../../../ui/Button';
import { Dialog } from '../../../ui/Dialog';
import { Time } from '../../../ui/Time';
import { toast } from '../../../ui/Toasts';
import { Dock } from './Dock';
import { draftOf, forgetDraft, useDraft } from './draft';
import { suggested } from './effects';
import { type ConfigurationSearch } from './search';
import { Side } from './Side';
import { Toolbar, type View } from './Toolbar';
import { useConflict } from './useConflict';

// What is not needed until somebody asks for it.
const Preview = lazy(() => import('../../../configuration/Preview').then(({ Preview }) => ({ default: Preview })));
const Review = lazy(() => import('../../../configuration/Review').then(({ Review }) => ({ default: Review })));
const ConflictDialog = lazy(() => import('../../../configuration/ConflictDialog').then(({ ConflictDialog }) => ({ default: ConflictDialog })));
const Compare = lazy(() => import('./Compare').then(({ Compare }) => ({ default: Compare })));

export interface WorkbenchProps {
  at: api.Connection;
  /** The customer, as people call it. */
  name: string;
  /** Their system. */
  system: string;
  loaded: api.Metadata;
  schema: api.MetadataSchema;
  defaults: JsonObject;
  syncs: readonly string[];
}

const wideQuery = matchMedia('(min-width: 1024px)');
const useWide = () =>
  useSyncExternalStore(
    (listener) => {
      wideQuery.addEventListener('change', listener);
      return () => wideQuery.removeEventListener('change', listener);
    },
    () => wideQuery.matches,
  );

export function Workbench(props: WorkbenchProps) {
  const { at, schema } = props;
  const queries = useQueryClient();
  const can = useCan();
  const readOnly = !can('environment:connections:update');
  const wide = useWide();
  const search = useSearch({ strict: false }) as ConfigurationSearch;
  const navigate = useNavigate();
  const look = (part: Partial<ConfigurationSearch>) => void navigate({ to: '.', search: (old: object) => ({ ...old, ...part }), replace: true } as never);

  const [draft] = useState(() => (readOnly ? undefined : draftOf(at, props.loaded.revision)));
  const editing = useEditing({
    loaded: { own: props.loaded.metadata ?? {}, revision: props.loaded.revision, problems: props.loaded.problems },
    schema: schema.schema,
    ui: schema.ui,
    defaults: props.defaults,
    draft,
    check: readOnly ? undefined : (own, signal) => api.check(at, own, signal),
  });
  useDraft(at, schema.schema, editing);
  const options = useMemo(() => new OptionsStore((path) => api.optionsAt(at, path)), [at]);

  const { data: newest } = useQuery({ ...api.metadataQuery(at), refetchInterval: 20_000 });
  const conflict = useConflict(editing, newest);
  const { data: last } = useQuery({
    queryKey: ['connection', at.environment, at.providerConfigKey, at.connectionId, 'revision', newest?.revision ?? 0],
    queryFn: () => api.latestRevision(at),
    enabled: (newest?.revision ?? 0) > 0,
  });

  const hasForm = editing.form !== undefined;
  const asked: View = search.view ?? (wide ? 'both' : 'form');
  const view: View = !hasForm ? 'json' : asked === 'both' && !wide ? 'form' : asked;
  const history = search.side === 'history';
  const showSide = view !== 'form' || history;
  const showForm = hasForm && view !== 'json' && !(history && !wide);

  const [pointed, setPointed] = useState<Path>();
  const [marked, setMarked] = useState<string>();
  const formPane = useRef<HTMLDivElement>(null);
  const goTo = (path: string) => {
    if (view === 'json' && hasForm) look({ view: wide ? 'both' : 'form' });
    requestAnimationFrame(() => {
      const rows = [...(formPane.current?.querySelectorAll<HTMLElement>('[data-path]') ?? [])];
      const row = rows.find((one) => one.dataset.path === path) ?? rows.find((one) => path.startsWith(`${one.dataset.path}/`));
      row?.scrollIntoView({ block: 'center' });
      row?.querySelector<HTMLElement>('input, select, textarea, button')?.focus();
    });
  };
  const [problem, setProblem] = useState(0);
  const nextProblem = () => {
    const errors = editing.problems.filter((one) => one.level === 'error');
    if (errors.length === 0) return;
    goTo(errors[problem % errors.length]!.path);
    setProblem(problem + 1);
  };
  useEffect(() => {
    if (search.at) goTo(search.at.startsWith('/') ? search.at : `/${search.at.split('.').join('/')}`);
    // Only where the address says so; afterwards the reader goes where they like.
  }, [search.at]);

  // Preview: of what is in the form, or of an earlier revision.
  const [sync, setSync] = useState(props.syncs[0] ?? '');
  const [ofRevision, setOfRevision] = useState<number>();
  const previewing = usePreview((own, signal) => api.preview(at, { sync, metadata: own }, signal));
  const runPreview = (name: string) => {
    setSync(name);
    setOfRevision(undefined);
    // The state of the sync's name is there on the next turn.
    setTimeout(() => previewing.run(editing.own));
  };
  const stale = ofRevision === undefined && previewing.of !== undefined && changes(previewing.of, editing.own).length > 0;
  const report = previewing.state?.stage === 'done' && previewing.state.report.succeeded && !stale && ofRevision === undefined ? previewing.state.report : undefined;

  const [reviewing, setReviewing] = useState(false);
  const [restoring, setRestoring] = useState<{ revision: api.Revision; document: JsonObject }>();
  const [merging, setMerging] = useState(false);
  const written = async (metadata: api.Metadata, what: string) => {
    queries.setQueryData(api.metadataQuery(at).queryKey, metadata);
    editing.adopt({ own: metadata.metadata ?? {}, revision: metadata.revision, problems: metadata.problems });
    setReviewing(false);
    setRestoring(undefined);
    const runs = metadata.applied?.syncs.filter((one) => one.when === 'now').map((one) => one.name) ?? [];
    toast(what, { description: runs.length > 0 ? `${runs.join(', ')} ${runs.length === 1 ? 'is' : 'are'} running.` : undefined });
    await queries.invalidateQueries({ queryKey: ['connection', at.environment, at.providerConfigKey, at.connectionId] });
  };
  const write = async (doIt: () => Promise<api.Metadata>, what: (revision: number) => string) => {
    try {
      const metadata = await doIt();
      await written(metadata, what(metadata.revision));
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) {
        await queries.invalidateQueries({ queryKey: api.metadataQuery(at).queryKey });
        setReviewing(false);
        setRestoring(undefined);
        return;
      }
      const refused = api.refused(error);
      if (!refused) throw error;
      setReviewing(false);
      if (refused[0]) goTo(refused[0].path);
      toast('It was not applied: the schema is enforced', { description: refused.map((one) => one.message).join(' '), bad: true });
    }
  };

  const dirty = editing.changed.length > 0 || editing.syntax !== undefined;
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && current.pathname !== next.pathname,
    enableBeforeUnload: () => dirty,
    withResolver: true,
  });
  useShortcuts([
    { keys: 'mod+s', what: 'Review and apply', run: () => editing.changed.length > 0 && !readOnly && setReviewing(true) },
    { keys: 'F8', what: 'Next problem', run: nextProblem },
  ]);

  const place: FormPlace = {
    editing,
    options,
    system: props.system,
    audience: 'operator',
    readOnly: readOnly || editing.syntax !== undefined,
    marked,
    onFocus: setPointed,
  };
  const by = last ? actorWords(last) : undefined;
  const compared = /^(\d+)\.\.(\d+)$/.exec(search.compare ?? '');

  return (
    <FormPlaceProvider value={place}>
      <Toolbar
        editing={editing}
        saved={
          editing.base.revision > 0 ? (
            <button type="button" className="text-left hover:underline" onClick={() => look({ side: history ? undefined : 'history' })}>
              Revision {editing.base.revision}
              {last && (
                <>
                  {' '}
                  · saved <Time at={last.created_at} /> by <span className="text-ink">{by}</span>
                </>
              )}
            </button>
          ) : (
            'Nothing of its own yet: everything is inherited.'
          )
        }
        view={view}
        wide={wide}
        hasForm={hasForm}
        readOnly={readOnly}
        onView={(next) => look({ view: next, side: next === 'form' ? undefined : search.side })}
        syncs={props.syncs}
        previewing={previewing.state !== undefined}
        onPreview={runPreview}
        onReview={() => setReviewing(true)}
        onProblem={nextProblem}
      />
      {conflict && (
        <div role="alert" className="flex flex-wrap items-center gap-3 border-b bg-warn-soft px-6 py-2 text-warn">
          <TriangleAlert size={15} aria-hidden />
          {by ?? 'Somebody'} saved revision {conflict.newest.revision} while you were editing.
          <Button size="small" onClick={() => setMerging(true)}>
            See what changed
          </Button>
        </div>
      )}
      {readOnly && <Note>You can look but not change. Support and developers can.</Note>}
      {!hasForm && <Note>No function declares a configuration yet. Anything valid as JSON is stored.</Note>}
      {draft !== undefined && dirty && editing.text === draft && <Note>What you had typed before is back. It is not saved yet.</Note>}
      <div className={`flex min-h-0 flex-1 max-lg:min-h-[420px] max-md:pb-14 ${showForm && showSide ? 'flex-row' : 'flex-col'}`}>
        {showForm && (
          // A form that is locked has no control to reach it by, and has to be scrolled by keyboard all the same.
          <div
            ref={formPane}
            role="region"
            aria-label="Form"
            tabIndex={editing.syntax ? 0 : -1}
            className="min-h-0 min-w-0 flex-[1.3] overflow-y-auto bg-canvas p-4 outline-none focus-visible:outline-2 focus-visible:-outline-offset-2 sm:px-5"
          >
            {editing.syntax && (
              <p role="status" className="mb-3 rounded-card border bg-surface px-4 py-2 text-ink2">
                The JSON is broken, so the form shows its last whole state.
              </p>
            )}
            <div className="mx-auto max-w-[960px]">
              <Form />
            </div>
          </div>
        )}
        {showSide && (
          <div className={`flex min-h-0 min-w-0 flex-1 flex-col ${showForm ? 'border-l' : ''}`}>
            <Side
              at={at}
              editing={editing}
              schema={schema.schema}
              history={history}
              readOnly={readOnly}
              pointed={pointed}
              onCursor={(path) => setMarked(pointer(path))}
              onSide={(on) => look({ side: on ? 'history' : undefined, ...(view === 'form' && !on ? { view: wide ? 'both' : 'json' } : {}) })}
              onCompare={(revision) => look({ compare: `${revision.revision - 1}..${revision.revision}` })}
              onPreview={
                props.syncs.length > 0 && !readOnly
                  ? (revision) => {
                      setOfRevision(revision.revision);
                      void api.revisionOf(at, revision.revision).then(previewing.run);
                    }
                  : undefined
              }
              onRestore={(revision) => void api.revisionOf(at, revision.revision).then((document) => setRestoring({ revision, document }))}
            />
          </div>
        )}
      </div>
      {previewing.state && (
        <Dock>
          <Suspense>
          <Preview
            title={ofRevision === undefined ? `Preview of ${sync}` : `Preview of ${sync} with revision ${ofRevision}`}
            state={previewing.state}
            stale={stale}
            onAgain={() => previewing.run(editing.own)}
            onStop={previewing.stop}
            onClose={previewing.close}
          />
          </Suspense>
        </Dock>
      )}
      <Suspense>
      {reviewing && <Review
        open
        onClose={() => setReviewing(false)}
        title="Review and apply"
        description={`${props.name} · ${props.system} · becomes revision ${editing.base.revision + 1}`}
        verb="Apply"
        sentences={editing.changed.map((change) => (
          <Sentence change={change} editing={editing} options={options} />
        ))}
        before={print(editing.base.own)}
        after={editing.text}
        facts={{ suggested: suggested(editing.changed, schema.on_change, props.syncs.length > 0), differ: report && report.counts.added + report.counts.changed + report.counts.removed }}
        warning={
          editing.problems.some((one) => one.level === 'error') && (
            <p className="rounded-card bg-warn-soft px-3 py-2 text-warn">
              {schema.mode === 'enforce' ? 'The schema is enforced, and this does not fit it: it will be refused.' : 'This does not fit the schema. It is stored all the same, and the connection is marked invalid.'}
            </p>
          )
        }
        foot={editing.base.revision > 0 ? `You can restore revision ${editing.base.revision} at any time.` : 'You can take it back at any time.'}
        onApply={(apply, reason) => write(() => api.save(at, editing.own, { revision: editing.base.revision, apply, reason }), (revision) => `Revision ${revision} applied`)}
      />}
      {restoring && (
        <Review
          open
          onClose={() => setRestoring(undefined)}
          title={`Restore revision ${restoring.revision.revision}`}
          description={`${props.name} · ${props.system} · becomes revision ${editing.base.revision + 1}`}
          verb="Restore"
          sentences={changes(editing.base.own, restoring.document).map((change) => (
            <Sentence change={change} editing={{ ...editing, merged: restoring.document }} options={options} />
          ))}
          before={print(editing.base.own)}
          after={print(restoring.document)}
          facts={{ suggested: suggested(changes(editing.base.own, restoring.document), schema.on_change, props.syncs.length > 0) }}
          warning={dirty && <p className="rounded-card bg-warn-soft px-3 py-2 text-warn">Your unsaved changes are discarded by it.</p>}
          foot={`You can restore revision ${editing.base.revision} at any time.`}
          onApply={(apply, reason) =>
            write(() => api.restore(at, restoring.revision.revision, { revision: editing.base.revision, apply, reason }), (revision) => `Restored as revision ${revision}`)
          }
        />
      )}
      {compared && (
        <Compare at={at} from={Number(compared[1])} to={Number(compared[2])} current={editing.base.revision} editing={editing} options={options} onChange={(compare) => look({ compare })} />
      )}
      {conflict && merging && (
        <ConflictDialog
          open
          onClose={() => setMerging(false)}
          merge={conflict.merge}
          theirs={conflict.newest.metadata ?? {}}
          editing={editing}
          options={options}
          who={`${by ?? 'Somebody'} saved revision ${conflict.newest.revision} while you were editing revision ${editing.base.revision}.`}
          onMerge={(own) => {
            setMerging(false);
            const theirs = isObject(conflict.newest.metadata) ? conflict.newest.metadata : {};
            editing.adopt({ own: theirs, revision: conflict.newest.revision, problems: conflict.newest.problems }, own);
          }}
        />
      )}
      </Suspense>
      <Dialog
        open={blocker.status === 'blocked'}
        onClose={() => blocker.reset?.()}
        title="There are unsaved changes"
        foot={
          <>
            <Button look="danger" onClick={() => {
                forgetDraft(at);
                blocker.proceed?.();
              }}>
              Discard {editing.changed.length === 1 ? '1 change' : `${editing.changed.length} changes`}
            </Button>
            <Button look="primary" onClick={() => blocker.reset?.()}>
              Keep editing
            </Button>
          </>
        }
      >
        <p className="text-ink2">What you changed in the configuration of {props.name} is not saved.</p>
      </Dialog>
    </FormPlaceProvider>
  );
}

function Note({ children }: { children: string }) {
  return (
    <p role="note" className="flex items-center gap-2 border-b bg-subtle px-6 py-2 text-ink2">
      <Info size={14} aria-hidden />
      {children}
    </p>
  );
}
