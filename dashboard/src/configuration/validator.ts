// Checks a document against a JSON Schema (2020-12) in the browser, without eval. The server's answer stays the truth.
import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema';

/** What is wrong at a JSON Pointer. */
export interface SchemaProblem {
  path: string;
  message: string;
}

/** The problems of `document`, the innermost ones only. */
export function problemsOf(schema: object, document: unknown): SchemaProblem[] {
  const { errors } = new Validator(schema as Schema, '2020-12', false).validate(document);
  const wrappers = new Set(['properties', 'items', 'prefixItems', 'allOf', 'additionalProperties', '$ref', 'if', 'then', 'else']);
  return errors.filter((error) => !wrappers.has(error.keyword)).map(told);
}

function told(error: OutputUnit): SchemaProblem {
  return { path: error.instanceLocation.replace(/^#/, ''), message: error.error };
}
