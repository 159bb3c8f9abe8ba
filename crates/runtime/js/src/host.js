// Questions to the host: everything a function can do beyond computing.
import { jsonStringify, objectAssign, objectCreate } from './intrinsics.js';
import { SdkError } from './errors.js';
import { native } from './native.js';

/** @typedef {import('./native.js').Reply} Reply */

/**
 * Sends one call and waits for its answer.
 * @param {string} op the host call's name
 * @param {object} args its small arguments; undefined values are left out
 * @param {ArrayBuffer | string} [body] its bulk argument
 * @returns {Promise<Reply>}
 * @throws {SdkError} when the host refuses; its `code` says why
 */
export async function ask(op, args, body) {
  try {
    return await native.call(op, argumentText(args), body);
  } catch (refusal) {
    throw SdkError.from(refusal) ?? refusal;
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
