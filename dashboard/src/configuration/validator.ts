// Checks a document against a JSON Schema (draft 7) in the browser, without eval. The server's answer stays the truth.
import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema';

/** What is wrong at a JSON Pointer. */
export interface SchemaProblem {
  path: string;
  /** The keyword of the schema that says so. */
  code: string;
  message: string;
}

const wrappers = new Set(['properties', 'items', 'prefixItems', 'allOf', 'additionalProperties', '$ref', 'if', 'then', 'else']);

/** The problems of `document`, the innermost ones only. */
export function problemsOf(schema: object, document: unknown): SchemaProblem[] {
  const { errors } = new Validator(schema as Schema, '7', false).validate(document);
  return errors.filter((error) => !wrappers.has(error.keyword)).map(told);
}

function told(error: OutputUnit): SchemaProblem {
  const path = error.instanceLocation.replace(/^#/, '');
  // What is missing is wrong where it should be.
  const missing = error.keyword === 'required' ? /property "(.+)"/.exec(error.error)?.[1] : undefined;
  const at = missing === undefined ? path : `${path}/${missing.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return { path: at, code: error.keyword, message: error.error };
}
