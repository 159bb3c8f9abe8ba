// A server's JSON Schema made ready for the form: references resolved, `default`s taken out, hints found.
import type { RJSFSchema, UiSchema } from '@rjsf/utils';
import { isObject, type Path, pointer } from './document';

/** How a value is to be shown: `ui` of `config.ts` by path, or of the schema at the value itself. */
export interface Hint {
  /** The action that lists what a mapping may name. */
  optionsFrom?: string;
  widget?: 'mapping' | 'filter' | 'json' | 'textarea';
  title?: string;
  description?: string;
  /** The type that a field should have to fit, in the provider's or our own words. */
  type?: string;
  /** The card that a single value is shown in. */
  group?: string;
  order?: number;
  /** Titles and descriptions in other languages: `{ de: { title } }`. */
  languages?: Record<string, { title?: string; description?: string }>;
}

type Node = RJSFSchema & { ui?: Hint; secret?: boolean };

/** A schema as the form takes it. */
export interface FormSchema {
  schema: RJSFSchema;
  uiSchema: UiSchema;
  hints: Map<string, Hint>;
}

/** The hint of `path` in `ui` of `config.ts`, whose keys are dotted paths or JSON pointers. */
function declared(ui: unknown, path: Path): Hint {
  if (!isObject(ui)) return {};
  const found = ui[path.join('.')] ?? ui[pointer(path)];
  return isObject(found) ? (found as Hint) : {};
}

/** The schema with its references resolved, where a form can show it: an object with properties. */
export function formable(schema: object): RJSFSchema | undefined {
  const whole = flat(schema);
  return whole.properties && Object.keys(whole.properties).length > 0 ? whole : undefined;
}

/** Resolves references and joins `allOf`, so that every node says itself what it is. Recursive schemas end in an open node. */
export function flat(root: object): RJSFSchema {
  const definitions = root as { definitions?: Record<string, Node>; $defs?: Record<string, Node> };
  const resolve = (node: Node, seen: readonly string[]): Node => {
    if (!isObject(node)) return {};
    let here: Node = { ...node };
    if (typeof here.$ref === 'string') {
      const name = /^#\/(?:definitions|\$defs)\/(.+)$/.exec(here.$ref)?.[1]?.replaceAll('~1', '/').replaceAll('~0', '~');
      const target = name === undefined || seen.includes(name) ? {} : resolve((definitions.definitions ?? definitions.$defs)?.[name] ?? {}, [...seen, name]);
      delete here.$ref;
      here = { ...target, ...here };
    }
    for (const part of (here.allOf ?? []) as Node[]) here = joined(resolve(part, seen), here);
    delete here.allOf;
    delete here.definitions;
    delete here.$defs;
    here = withoutNull(here);
    if (here.properties) {
      here.properties = Object.fromEntries(Object.entries(here.properties).map(([key, child]) => [key, resolve(child as Node, seen)]));
    }
    if (isObject(here.items)) here.items = resolve(here.items as Node, seen);
    if (isObject(here.additionalProperties)) here.additionalProperties = resolve(here.additionalProperties as Node, seen);
    return here;
  };
  return resolve(root as Node, []);
}

function joined(part: Node, over: Node): Node {
  return {
    ...part,
    ...over,
    ...((part.properties || over.properties) && { properties: { ...part.properties, ...over.properties } }),
    ...((part.required || over.required) && { required: [...new Set([...(part.required ?? []), ...(over.required ?? [])])] }),
  };
}

/** `T | null` is shown as T: no value is what an empty field says. */
function withoutNull(node: Node): Node {
  const choices = (node.anyOf ?? node.oneOf) as Node[] | undefined;
  if (choices) {
    const rest = choices.filter((choice) => choice.type !== 'null');
    if (rest.length === 1 && rest.length < choices.length) {
      const { anyOf: _, oneOf: __, ...outer } = node;
      return { ...rest[0], ...outer };
    }
    if (rest.length > 1 && rest.every((choice) => choice.const !== undefined || choice.enum)) {
      const { anyOf: _, oneOf: __, ...outer } = node;
      return { ...outer, enum: rest.flatMap((choice) => choice.enum ?? [choice.const!]) };
    }
  }
  if (Array.isArray(node.type)) {
    const types = node.type.filter((type) => type !== 'null');
    return { ...node, type: types.length === 1 ? types[0]! : types };
  }
  return node;
}

/** Makes `schema` ready. Where there is no customer, nobody's fields can be listed: a mapping is a group of texts then. */
export function formSchema(schema: object, ui: unknown, { locale = 'en', hasCustomer = true } = {}): FormSchema {
  const hints = new Map<string, Hint>();
  const root = flat(schema);
  const walk = (node: Node, path: Path): { schema: Node; ui: UiSchema } => {
    const { default: _, ui: own, ...rest } = node;
    const hint: Hint = { ...(isObject(own) ? own : {}), ...declared(ui, path) };
    if (!hasCustomer) {
      delete hint.optionsFrom;
      if (hint.widget === 'mapping') delete hint.widget;
    }
    const said = hint.languages?.[locale] ?? {};
    const here: Node = rest;
    const title = said.title ?? hint.title;
    const description = said.description ?? hint.description;
    if (title) here.title = title;
    if (description) here.description = description;
    if (path.length > 0) hints.set(pointer(path), hint);
    const shown: UiSchema = { 'ui:label': false };
    const field = fieldFor(here, hint);
    if (field) shown['ui:field'] = field;
    if (here.additionalProperties !== undefined) delete here.additionalProperties;
    if (here.properties) {
      const properties: Record<string, Node> = {};
      for (const [key, child] of Object.entries(here.properties)) {
        const made = walk(child as Node, [...path, key]);
        properties[key] = made.schema;
        shown[key] = made.ui;
      }
      here.properties = properties;
    }
    if (isObject(here.items)) {
      const made = walk(here.items as Node, [...path, '*']);
      here.items = made.schema;
      shown.items = made.ui;
    }
    if (here.type === 'string' && hint.widget === 'textarea') shown['ui:widget'] = 'textarea';
    if (here.secret || here.writeOnly) shown['ui:widget'] = 'secret';
    return { schema: here, ui: shown };
  };
  const made = walk(root as Node, []);
  return { schema: { type: 'object', ...made.schema }, uiSchema: made.ui, hints };
}

/** The field of ours that shows a node; undefined where rjsf's own does. */
function fieldFor(node: Node, hint: Hint): string | undefined {
  if (hint.widget === 'json') return 'json';
  if (isMapping(node, hint)) return 'mapping';
  if (isFilter(node, hint)) return 'filter';
  if (node.type === 'object' && !node.properties) return 'json';
  if (node.type === 'array' && (!isObject(node.items) || !['string', 'number', 'integer'].includes(String((node.items as Node).type)))) return 'json';
  if (node.anyOf || node.oneOf) return 'json';
  if (!node.type && !node.enum && !node.properties) return 'json';
  if (Array.isArray(node.type)) return 'json';
  return undefined;
}

/** An object of names of the customer's fields, whose choices an action lists. */
function isMapping(node: Node, hint: Hint): boolean {
  if (node.type !== 'object' || !node.properties) return false;
  if (hint.widget === 'mapping') return true;
  return Boolean(hint.optionsFrom) && Object.values(node.properties).every((one) => isObject(one) && (one as Node).type === 'string');
}

/** A list of conditions. */
function isFilter(node: Node, hint: Hint): boolean {
  if (node.type !== 'array' || !isObject(node.items)) return false;
  const properties = (node.items as Node).properties;
  if (!properties) return false;
  return hint.widget === 'filter' || ['field', 'op', 'value'].every((key) => key in properties);
}

/** The title that people read for a path: the schema's, else its last key in words. */
export function titleAt(schema: RJSFSchema | undefined, path: Path): string {
  let node = schema as Node | undefined;
  for (const key of path) node = (typeof key === 'number' ? node?.items : node?.properties?.[key]) as Node | undefined;
  return node?.title ?? String(path[path.length - 1] ?? '');
}

/** Leaves of a document that the schema does not know. Empty objects on the way are known. */
export function unknownPaths(schema: RJSFSchema, document: unknown, path: string[] = []): string[][] {
  if (!isObject(document) || !schema.properties) return [];
  return Object.entries(document).flatMap(([key, value]) => {
    const child = schema.properties?.[key];
    return child ? unknownPaths(child as RJSFSchema, value, [...path, key]) : [[...path, key]];
  });
}
