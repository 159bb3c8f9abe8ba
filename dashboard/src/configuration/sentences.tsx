// Changes in sentences: what people read first.
import type { ReactNode } from 'react';
import { at, type Change, isObject, type Json, pointer } from './document';
import type { OptionsStore } from './options';
import { titleAt } from './schema';
import type { Editing } from './useEditing';

/** How a value reads: a field of the customer by its label, a switch as on or off. */
export function valueWords(value: Json | undefined, path: readonly string[], options?: OptionsStore): string {
  if (value === undefined) return 'not set';
  if (value === null || value === '') return 'empty';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  const named = typeof value === 'string' ? options?.at(pointer(path.slice(0, -1)))?.options?.data.find((one) => one.value === value) : undefined;
  if (named) return named.label;
  if (Array.isArray(value)) {
    if (value.length === 0) return 'an empty list';
    if (value.every((one) => isObject(one) && 'field' in one)) {
      const fields = options?.at(pointer([...path]))?.options?.data;
      return value
        .map((one) => one as Record<string, Json>)
        .map((one) => [fields?.find((field) => field.value === one.field)?.label ?? (one.field || 'no field'), one.op, one.value === '' ? 'empty' : one.value].filter((part) => part !== undefined).join(' '))
        .join(' and ');
    }
    return value.map((one) => (typeof one === 'object' ? JSON.stringify(one) : String(one))).join(', ');
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** One change as a sentence. */
export function Sentence({ change, editing, options }: { change: Change; editing: Editing; options?: OptionsStore }): ReactNode {
  const title = titleAt(editing.form?.schema, change.path);
  const say = (value: Json | undefined) => valueWords(value, change.path, options);
  if (change.after === undefined) {
    const inherited = at(editing.merged, change.path);
    return (
      <>
        <b className="font-semibold">{title}</b> {inherited === undefined ? 'is no longer set' : <>is inherited again: <b className="font-semibold">{say(inherited)}</b></>}{' '}
        <span className="text-ink2">(was {say(change.before)})</span>
      </>
    );
  }
  const was = change.before ?? editing.inherited(change.path);
  return (
    <>
      <b className="font-semibold">{title}</b> is now <b className="font-semibold break-words">{say(change.after)}</b>{' '}
      <span className="text-ink2">(was {say(was)})</span>
    </>
  );
}
