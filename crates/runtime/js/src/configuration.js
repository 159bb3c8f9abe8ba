// What an integration's config.ts is asked: whether configurations fit, and what they are in its version.
import { ErrorClass, arrayJoin, isArray, jsonStringify, objectKeys, stringReplaceAll, toNumber, toText } from './intrinsics.js';
import { describe } from './describe.js';

/**
 * @typedef {object} Question
 * @property {'check' | 'migrate'} op
 * @property {any[]} documents
 * @property {number[]} [versions] which version each document is of
 *
 * @typedef {object} Answer
 * @property {{ path: string, code: string, message: string }[]} [problems]
 * @property {any} [document]
 * @property {string} [error] why there is neither
 */

/**
 * @param {any} definition
 * @param {Question} question
 * @returns {Promise<Answer[]>} in the order of the documents
 */
export async function configure(definition, { op, documents, versions = [] }) {
  if (typeof definition !== 'object' || definition === null || definition.type !== 'config') {
    throw new ErrorClass('config.ts must export the result of createConfig as its default');
  }
  const answers = [];
  for (let index = 0; index < documents.length; index += 1) {
    try {
      answers[index] = op === 'check' ? await check(definition, documents[index]) : await migrate(definition, documents[index], versions[index]);
    } catch (error) {
      // One that breaks says nothing of the others.
      answers[index] = { error: describe(error).message };
    }
  }
  return answers;
}

/**
 * @param {any} definition
 * @param {any} document
 * @returns {Promise<Answer>}
 */
async function check({ schema }, document) {
  const result = await schema.safeParseAsync(document);
  const problems = [];
  const issues = result.success ? [] : result.error.issues;
  for (let index = 0; index < issues.length; index += 1) {
    const { path, code, message } = issues[index];
    // Keys that nobody declared survive, also where the schema is strict.
    if (code !== 'unrecognized_keys') problems[problems.length] = { path: pointer(path), code: toText(code), message: toText(message) };
  }
  return { problems };
}

/** @param {any} path @returns {string} */
function pointer(path) {
  const parts = [''];
  for (let index = 0; index < path.length; index += 1) {
    parts[index + 1] = stringReplaceAll(stringReplaceAll(toText(path[index]), '~', '~0'), '/', '~1');
  }
  return arrayJoin(parts, '/');
}

/**
 * @param {any} definition
 * @param {any} document
 * @param {number} from
 * @returns {Promise<Answer>}
 */
async function migrate({ migrate: steps = {}, version }, document, from) {
  let migrated = document;
  // Keys that are whole numbers come in their order.
  const names = objectKeys(steps);
  for (let index = 0; index < names.length; index += 1) {
    const step = toNumber(names[index]);
    if (step <= from || step > version) continue;
    migrated = await steps[step](migrated);
    if (typeof migrated !== 'object' || migrated === null || isArray(migrated) || jsonStringify(migrated) === undefined) {
      throw new ErrorClass(`migrate[${step}] must return an object`);
    }
  }
  return { document: migrated };
}
