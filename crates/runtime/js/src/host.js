// Questions to the host: everything a function can do beyond computing.
import { jsonStringify, objectAssign, objectCreate } from './intrinsics.js';
import { callSite, locate, SdkError } from './errors.js';
import { native } from './native.js';

/** @typedef {import('./native.js').Reply} Reply */

/**
 * Sends one call and waits for its answer.
 * @param {string} op the host call's name
 * @param {object} args its small arguments; undefined values are left out
 * @param {ArrayBuffer | string} [body] its bulk argument
 * @param {string} [site] where the function called from, if that is not the current stack
 * @returns {Promise<Reply>}
 * @throws {SdkError} when the host refuses; its `code` says why
 */
export async function ask(op, args, body, site = callSite()) {
  try {
    return await native.call(op, argumentText(args), body);
  } catch (refusal) {
    const error = SdkError.from(refusal);
    throw error === undefined ? refusal : locate(error, site);
  }
}

/**
 * Sends one call that has no answer.
 * @param {string} op
 * @param {object} args
 */
export function tell(op, args) {
  native.notify(op, argumentText(args));
}

/**
 * Without a prototype, so that an `Object.prototype.toJSON` set by a function does not apply to our own messages.
 * @param {object} args
 * @returns {string}
 */
function argumentText(args) {
  return jsonStringify(objectAssign(objectCreate(null), args));
}
