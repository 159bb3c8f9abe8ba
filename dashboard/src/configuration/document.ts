// The one document that the form and the editor show: a customer's own JSON, as text. Text is the truth, so that order,
// formatting and undo survive; a form edit is the smallest edit of it.
import { applyEdits, findNodeAtLocation, modify, parseTree } from 'jsonc-parser';
import { type SyntaxProblem, syntaxProblem } from './syntax';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
export type Path = (string | number)[];

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 6901. */
export const pointer = (path: Path): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

export const fromPointer = (text: string): string[] =>
  text === '' ? [] : text.slice(1).split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The value at `path`; undefined where there is none. */
export function at(value: Json | undefined, path: Path): Json | undefined {
  let here: Json | undefined = value;
  for (const key of path) {
    if (Array.isArray(here)) here = here[Number(key)];
    else if (isObject(here)) here = Object.hasOwn(here, key) ? here[String(key)] : undefined;
    else return undefined;
  }
  return here;
}

export function equal(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => equal(value, other[index]));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && equal(one[key], other[key]));
}

/** What a text says, or where it is broken. Only objects are documents. */
export function parse(text: string): { value: JsonObject; problem?: undefined } | { value?: undefined; problem: SyntaxProblem } {
  const problem = syntaxProblem(text);
  return problem ? { problem } : { value: JSON.parse(text) as JsonObject };
}

/** A document as new text. */
export const print = (value: Json) => JSON.stringify(value, null, 2);

/** The leaves of a value by JSON pointer. Lists are one value, and so is an empty object. */
export function leaves(value: Json | undefined, path: Path = [], into = new Map<string, Json>()): Map<string, Json> {
  if (isObject(value) && (Object.keys(value).length > 0 || path.length === 0)) {
    for (const [key, inner] of Object.entries(value)) leaves(inner, [...path, key], into);
  } else if (value !== undefined) {
    into.set(pointer(path), value);
  }
  return into;
}

/** One leaf that differs; `undefined` on the side that has none. */
export interface Change {
  path: string[];
  before: Json | undefined;
  after: Json | undefined;
}

/** The leaves that differ between two documents. */
export function changes(before: Json | undefined, after: Json | undefined): Change[] {
  const [old, now] = [leaves(before), leaves(after)];
  const paths = [...new Set([...now.keys(), ...old.keys()])];
  return paths
    .filter((path) => !equal(old.get(path), now.get(path)))
    .map((path) => ({ path: fromPointer(path), before: old.get(path), after: now.get(path) }));
}

function edit(text: string, path: Path, value: Json | undefined): string {
  const indent = /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
  const formattingOptions = { insertSpaces: !indent.startsWith('\t'), tabSize: indent.length, eol: '\n' };
  return applyEdits(text, modify(text, path, value, { formattingOptions }));
}

/** `text` with `value` at `path`; objects that are in the way of it are made. */
export function set(text: string, path: Path, value: Json): string {
  // An ancestor that is no object (text, or null) cannot hold a key: it gives way.
  const document = parse(text).value;
  for (let depth = 1; depth < path.length; depth += 1) {
    const above = at(document, path.slice(0, depth));
    if (above === undefined) break;
    if (!isObject(above) && !(Array.isArray(above) && typeof path[depth] === 'number')) {
      const rest = path.slice(depth).reduceRight<Json>((inner, key) => ({ [key]: inner }), value);
      return edit(text, path.slice(0, depth), rest);
    }
  }
  return edit(text, path, value);
}

/** `text` without the key at `path`, and without the parents that are empty then. */
export function reset(text: string, path: Path): string {
  if (path.length === 0) return '{}';
  const document = parse(text).value;
  if (at(document, path) === undefined) return text;
  let cut = path;
  while (cut.length > 1) {
    const parent = at(document, cut.slice(0, -1));
    if (!isObject(parent) || Object.keys(parent).length > 1) break;
    cut = cut.slice(0, -1);
  }
  return edit(text, cut, undefined);
}

/** `text` with everything that differs between `before` and `after`, and nothing else. */
export function applyChanges(text: string, before: Json | undefined, after: Json | undefined): string {
  const all = changes(before, after);
  // What goes, goes first: a text may make room for an object.
  const less = all.filter((one) => one.after === undefined).reduce((here, { path }) => reset(here, path), text);
  return all.reduce((here, { path, after: value }) => (value === undefined ? here : set(here, path, value)), less);
}

/** Where a value is in the text: from its key to its end. Undefined where it is not, or the text is broken. */
export function placeOf(text: string, path: Path): { from: number; to: number } | undefined {
  const root = parseTree(text);
  const node = root && findNodeAtLocation(root, path);
  if (!node) return undefined;
  const whole = node.parent?.type === 'property' ? node.parent : node;
  return { from: whole.offset, to: whole.offset + whole.length };
}

/** The path of the value that `offset` is in. */
export function pathAt(text: string, offset: number): Path {
  const path: Path = [];
  let node = parseTree(text);
  for (;;) {
    const inside = node?.children?.findIndex((one) => one.offset <= offset && offset <= one.offset + one.length) ?? -1;
    const child = node?.children?.[inside];
    if (!node || !child) return path;
    if (node.type === 'object') {
      path.push(String(child.children?.[0]?.value));
      node = child.children?.[1];
    } else {
      path.push(inside);
      node = child;
    }
  }
}

/** The merge patch (RFC 7396) that makes `after` of `before`. Undefined where none can: null cannot be set by one. */
export function mergePatch(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const patch: JsonObject = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[key], after[key]];
    if (equal(old, now)) continue;
    if (now === undefined) patch[key] = null;
    else if (isObject(now)) {
      const inner = mergePatch(isObject(old) ? old : {}, now);
      if (!inner) return undefined;
      patch[key] = inner;
    } else if (now === null) return undefined;
    else patch[key] = now;
  }
  return patch;
}
