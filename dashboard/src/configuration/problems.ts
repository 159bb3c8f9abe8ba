// What is wrong with a configuration, in words. The browser says it at once; what the server says counts.
import type { RJSFSchema } from '@rjsf/utils';
import { t, type WordId } from '../i18n';
import { fromPointer, isObject } from './document';
import type { SchemaProblem } from './validator';

/** One thing that is wrong. */
export interface Problem {
  /** JSON pointer. */
  path: string;
  level: 'error' | 'warn';
  code: string;
  message: string;
}

/** As the server tells it. */
export interface ServerProblem {
  path: string;
  level?: string;
  code: string;
  message: string;
}

/** Checks a document by a schema: `problemsOf` of the validator, which is loaded once the page stands. */
export type Validate = (schema: object, document: unknown) => SchemaProblem[];

/** The problems that the browser finds by itself. */
export function found(validate: Validate, schema: RJSFSchema, document: unknown): Problem[] {
  return validate(schema, document).map(({ path, code, message }) => ({
    path,
    code,
    level: 'error',
    message: wordsFor(schema, path, code) ?? message,
  }));
}

/** The server's problems, in the language of the page where the words are known. */
export function told(schema: RJSFSchema, problems: readonly ServerProblem[]): Problem[] {
  return problems.map(({ path, code, message, level }) => ({
    path,
    code,
    level: level === 'warn' ? 'warn' : 'error',
    message: wordsFor(schema, path, code) ?? message,
  }));
}

/** Words for a keyword of JSON Schema at a place; undefined where the keyword says nothing by itself. */
function wordsFor(schema: RJSFSchema, path: string, code: string): string | undefined {
  let node: RJSFSchema | undefined = schema;
  for (const key of fromPointer(path)) {
    node = (node?.properties?.[key] ?? (isObject(node?.items) ? node.items : undefined)) as RJSFSchema | undefined;
  }
  const { minimum, maximum, minLength, maxLength } = node ?? {};
  switch (code) {
    case 'required':
      return t('problem.required');
    case 'type': {
      const id = `problem.type.${String(node?.type)}`;
      return t((['string', 'number', 'integer', 'boolean'].includes(String(node?.type)) ? id : 'problem.type.other') as WordId);
    }
    case 'minimum':
    case 'maximum':
      if (bounded(minimum) && bounded(maximum)) return t('problem.between', { low: minimum, high: maximum });
      return code === 'minimum' ? t('problem.least', { low: minimum }) : t('problem.most', { high: maximum });
    case 'enum':
      return node?.enum ? t('problem.enum', { values: node.enum.map(String).join(', ') }) : t('problem.other');
    case 'minLength':
      return minLength === 1 ? t('problem.required') : t('problem.short', { count: minLength });
    case 'maxLength':
      return t('problem.long', { count: maxLength });
    case 'pattern':
    case 'format':
      return t('problem.pattern');
    default:
      return undefined;
  }
}

/** Whether a bound is one that somebody chose, and not the end of what a number can be. */
const bounded = (value: number | undefined) => value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
