// nango.batchSave, batchUpdate and batchDelete: a sync's records.
import { arraySlice, ErrorClass, hasOwn, isArray, jsonStringify, SetClass, setHas } from './intrinsics.js';
import { callSite, locate, SdkError } from './errors.js';
import { ask } from './host.js';

/** Records sent at once. */
const CHUNK = 1_000;

/**
 * @returns {Record<string, (records: any[], model: string) => Promise<boolean>>} the members of `nango`
 */
export function recordMembers() {
  const batchSave = (/** @type {any[]} */ records, /** @type {string} */ model) => send('save_records', 'save', records, model);
  return {
    batchSave,
    batchSend: batchSave,
    batchUpdate: (records, model) => send('update_records', 'update', records, model),
    batchDelete: (records, model) => send('delete_records', 'delete', records, model),
  };
}

/** Refusals that keep their code. */
const OWN_CODES = new SetClass(['script_aborted', 'execution_timeout', 'invalid_sync_record']);

/**
 * @param {string} op
 * @param {string} verb
 * @param {any[]} records
 * @param {string} model
 * @returns {Promise<boolean>}
 */
async function send(op, verb, records, model) {
  if (records === undefined || records === null || records.length === 0) return true;
  if (!isArray(records)) throw new ErrorClass(`Failed to ${verb} records: expected a list`);
  if (typeof model !== 'string' || model === '') throw new ErrorClass(`Failed to ${verb} records: the model's name is missing`);
  const site = callSite();
  for (let start = 0; start < records.length; start += CHUNK) {
    const chunk = records.length <= CHUNK ? records : arraySlice(records, start, start + CHUNK);
    try {
      await ask(op, { model }, jsonStringify(withoutMetadata(chunk)), site);
    } catch (error) {
      // Being cancelled is not a matter of the records, and records that are not what the model says are one of their own.
      if (!SdkError.is(error) || setHas(OWN_CODES, error.code)) throw error;
      throw locate(new ErrorClass(`Failed to ${verb} records: ${error.message}`, { cause: error }), site);
    }
  }
  return true;
}

/**
 * Records that came from the store carry `_nango_metadata`, which is not part of their content.
 * @param {any[]} records
 * @returns {any[]} the same list when there is nothing to remove
 */
function withoutMetadata(records) {
  let cleaned = records;
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index];
    if (typeof record !== 'object' || record === null || !hasOwn(record, '_nango_metadata')) continue;
    if (cleaned === records) cleaned = arraySlice(records, 0);
    const { _nango_metadata: removed, ...content } = record;
    cleaned[index] = content;
  }
  return cleaned;
}
