// nango.getCheckpoint, saveCheckpoint and clearCheckpoint: the function's progress at its connection.
import { ErrorClass, jsonStringify, objectAssign } from './intrinsics.js';
import { callSite, locate, SdkError } from './errors.js';
import { ask } from './host.js';

/** @type {Record<string, Function>} the members of `nango` */
export const checkpointMembers = {
  /** @returns {Promise<any>} null where there is none; a failure to read it is thrown */
  getCheckpoint: async () => (await call('reading', 'get_checkpoint')).head ?? null,

  /** @param {Record<string, string | number | boolean | Date>} checkpoint replaces the one that is there */
  saveCheckpoint: async (checkpoint) => {
    await call('saving', 'save_checkpoint', jsonStringify(checkpoint) ?? 'null');
  },

  clearCheckpoint: async () => {
    await call('clearing', 'clear_checkpoint');
  },
};

/**
 * @param {string} doing
 * @param {string} op
 * @param {string} [body]
 */
async function call(doing, op, body) {
  const site = callSite();
  try {
    return await ask(op, {}, body, site);
  } catch (error) {
    if (!SdkError.is(error) || error.code === 'script_aborted' || error.code === 'execution_timeout') throw error;
    throw locate(objectAssign(new ErrorClass(`Error ${doing} checkpoint: ${error.message}`, { cause: error }), { code: error.code }), site);
  }
}
