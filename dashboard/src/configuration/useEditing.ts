// The state of an edited configuration: the text, and everything that follows from it.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { applyChanges, at, changes, type Change, type Json, type JsonObject, parse, type Path, pointer, print, reset, set } from './document';
import { layerAt, layersOf, over, type Layer } from './layers';
import { found, told, type Problem, type ServerProblem, type Validate } from './problems';
import { flat, formSchema, type FormSchema, unknownPaths } from './schema';
import type { SyntaxProblem } from './syntax';

/** Whose document is edited: a customer's, an integration's defaults, or one by itself, which inherits nothing. */
export type Owner = 'customer' | 'integration' | 'nobody';

/** What was loaded. */
export interface Base {
  own: JsonObject;
  revision: number;
  problems: readonly ServerProblem[];
}

export interface Editing {
  owner: Owner;
  base: Base;
  text: string;
  /** The text's document; the last one that was whole while the text is broken. */
  own: JsonObject;
  syntax?: SyntaxProblem;
  /** What counts: the customer's own over what is inherited. */
  merged: JsonObject;
  /** Leaves that differ from what was loaded. */
  changed: Change[];
  form?: FormSchema;
  problems: Problem[];
  unknown: string[][];
  layer: (path: Path) => Layer;
  /** Whether the document itself says something there. */
  isOwn: (path: Path) => boolean;
  inherited: (path: Path) => Json | undefined;
  isChanged: (path: Path) => boolean;
  problemsAt: (path: Path, below?: boolean) => Problem[];
  setText: (text: string) => void;
  /** What the form has become. */
  setMerged: (merged: Json) => void;
  set: (path: Path, value: Json | undefined) => void;
  reset: (path: Path) => void;
  discard: () => void;
  /** Another state was loaded; `own` is what the text says from now on. */
  adopt: (base: Base, own?: JsonObject) => void;
}

export interface EditingOptions {
  /** A customer unless told. */
  owner?: Owner;
  loaded: Base;
  schema: object | null;
  ui?: unknown;
  /** What the integration says where the document does not. */
  defaults?: JsonObject;
  language?: string;
  /** The text to begin with: a draft that was left. */
  draft?: string;
  /** Asks the server what is wrong with a document. */
  check?: (own: JsonObject, signal: AbortSignal) => Promise<readonly ServerProblem[]>;
}

const QUIET_MS = 400;
const NOTHING: JsonObject = {};

export function useEditing(options: EditingOptions): Editing {
  const { owner = 'customer', defaults = NOTHING } = options;
  const [base, setBase] = useState(options.loaded);
  const [text, setText] = useState(options.draft ?? print(options.loaded.own));
  const parsed = useMemo(() => parse(text), [text]);
  const lastWhole = useRef(options.loaded.own);
  if (parsed.value) lastWhole.current = parsed.value;
  const own = lastWhole.current;

  const form = useMemo(
    () => (options.schema ? formSchema(options.schema, options.ui, { locale: options.language, hasCustomer: owner === 'customer' }) : undefined),
    [options.schema, options.ui, options.language, owner],
  );
  const whole = useMemo(() => (options.schema ? flat(options.schema) : undefined), [options.schema]);
  const layers = useMemo(() => layersOf(owner === 'nobody' ? undefined : whole, defaults), [owner, whole, defaults]);
  const merged = useMemo(() => over(layers.inherited, own) as JsonObject, [layers, own]);
  // A document by itself is saved nowhere, so nothing of it is unsaved.
  const changed = useMemo(() => (owner === 'nobody' ? [] : changes(base.own, own)), [owner, base, own]);

  const validate = useValidator();
  const said = useServerProblems(base, own, options.check);
  const problems = useMemo(() => {
    if (!form) return told({}, said ?? []);
    if (said) return told(form.schema, said);
    const all = validate ? found(validate, form.schema, merged) : [];
    // What defaults leave open, each customer says for itself.
    return owner === 'integration' ? all.filter(({ code }) => code !== 'required') : all;
  }, [form, said, validate, merged, owner]);

  const change = useCallback((edit: (text: string) => string) => setText((old) => (parse(old).value ? edit(old) : old)), []);
  const mergedNow = useRef(merged);
  mergedNow.current = merged;

  return {
    owner,
    base,
    text,
    own,
    syntax: parsed.problem,
    merged,
    changed,
    form,
    problems,
    unknown: useMemo(() => (form ? unknownPaths(form.schema, own) : []), [form, own]),
    layer: (path) => {
      const layer = layerAt(path, own, layers);
      return owner === 'integration' && layer === 'customer' ? 'integration' : layer;
    },
    isOwn: (path) => at(own, path) !== undefined,
    inherited: (path) => at(layers.inherited, path),
    isChanged: (path) => changed.some((one) => touches(one.path, path)),
    problemsAt: (path, below) => {
      const here = pointer(path);
      return problems.filter((one) => one.path === here || (below && one.path.startsWith(`${here}/`)));
    },
    setText,
    setMerged: useCallback((next) => change((old) => applyChanges(old, mergedNow.current, next)), [change]),
    set: useCallback((path, value) => change((old) => (value === undefined ? reset(old, path) : set(old, path, value))), [change]),
    reset: useCallback((path) => change((old) => reset(old, path)), [change]),
    discard: () => setText(print(base.own)),
    adopt: useCallback((next, document) => {
      setBase(next);
      setText(print(document ?? next.own));
    }, []),
  };
}

const touches = (changed: readonly string[], path: Path) =>
  path.every((key, index) => index >= changed.length || changed[index] === String(key));

/** The browser's validator; what was loaded is told by the server until it is there. */
function useValidator(): Validate | undefined {
  const [validate, setValidate] = useState<{ of: Validate }>();
  useEffect(() => {
    void import('./validator').then(({ problemsOf }) => setValidate({ of: problemsOf }));
  }, []);
  return validate?.of;
}

/** What the server says of exactly this document; undefined until it has. */
function useServerProblems(base: Base, own: JsonObject, check: EditingOptions['check']) {
  const [answer, setAnswer] = useState<{ of: JsonObject; problems: readonly ServerProblem[] }>();
  const asked = useRef(check);
  asked.current = check;
  useEffect(() => {
    if (own === base.own || !asked.current) return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      asked.current!(own, stop.signal).then(
        (problems) => setAnswer({ of: own, problems }),
        // Without an answer, what the browser found stays.
        () => {},
      );
    }, QUIET_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [own, base]);
  if (own === base.own || print(own) === print(base.own)) return base.problems;
  return answer?.of === own ? answer.problems : undefined;
}
