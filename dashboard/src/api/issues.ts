import { ApiError } from './call';

/** What the server says is wrong with `field` of what was sent; undefined where nothing is. */
export function issueAt(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const found = error.issues.find(({ path }) => (Array.isArray(path) ? String(path[0]) : path?.replace(/^\//, '').split(/[/.]/)[0]) === field);
  return found?.message;
}

/** What is wrong that belongs to none of `fields`. */
export function otherIssue(error: unknown, ...fields: string[]): string | undefined {
  if (!error || fields.some((field) => issueAt(error, field))) return undefined;
  return error instanceof Error ? error.message : String(error);
}
