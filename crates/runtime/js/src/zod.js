// nango.zodValidateInput.
import { isArray } from './intrinsics.js';
import { ActionError } from './errors.js';
import { plainJson } from './json.js';
import { write } from './log.js';

/**
 * @param {{ zodSchema: any, input: unknown }} request
 * @returns {Promise<{ success: true, data: any }>} zod's own result
 * @throws {ActionError} with zod's issues in `errors`
 */
export async function zodValidateInput({ zodSchema, input }) {
  const result = typeof zodSchema.safeParseAsync === 'function' ? await zodSchema.safeParseAsync(input) : zodSchema.safeParse(input);
  if (result.success) return result;
  const issues = plainJson(result.error?.issues ?? []);
  for (let index = 0; isArray(issues) && index < issues.length; index += 1) {
    const { path, message } = issues[index];
    write('error', `Invalid input provided${isArray(path) && path.length > 0 ? ` at ${path.join('.')}` : ''}: ${message}`, issues[index]);
  }
  throw new ActionError({ message: 'Invalid input provided', errors: issues });
}
