// nango.getRecordsByIds, listRecords, trackDeletesStart and -End, deleteRecordsFromPreviousExecutions and setMergingStrategy:
// a sync and what it has stored.
import { arraySlice, ErrorClass, isArray, jsonStringify, MapClass, mapGet, mapSet, toText } from './intrinsics.js';
import { callSite, locate, SdkError } from './errors.js';
import { ask } from './host.js';
import { write } from './log.js';
import { native } from './native.js';

/** Ids that are asked for at once. */
const IDS = 100;

/** @type {Record<string, Function>} the members of `nango` */
export const storedRecordMembers = {
  /**
   * @param {(string | number)[]} ids
   * @param {string} model
   * @returns {Promise<Map<any, any>>} the records that there are, deleted ones too, by the ids as they were given
   */
  getRecordsByIds: async (ids, model) => {
    const found = new MapClass();
    if (ids === undefined || ids === null) return found;
    if (!isArray(ids)) throw new ErrorClass('Failed to get records: expected a list of ids');
    const site = callSite();
    for (let start = 0; start < ids.length; start += IDS) {
      const chunk = arraySlice(ids, start, start + IDS);
      const texts = [];
      for (let index = 0; index < chunk.length; index += 1) texts[index] = toText(chunk[index]);
      const reply = await call('get records', 'records_by_ids', { model: toText(model) }, site, jsonStringify(texts));
      const records = list(reply);
      const byText = new MapClass();
      for (let index = 0; index < records.length; index += 1) mapSet(byText, toText(records[index].id), records[index]);
      for (let index = 0; index < chunk.length; index += 1) {
        const record = mapGet(byText, texts[index]);
        if (record !== undefined) mapSet(found, chunk[index], record);
      }
    }
    return found;
  },

  /**
   * @param {string} model
   * @param {{ cursor?: string }} [options] goes on after the record of this cursor
   * @returns {AsyncGenerator<any>} every record, the oldest change first
   */
  async* listRecords(model, options) {
    const site = callSite();
    let cursor = options?.cursor;
    do {
      const reply = await call('list records', 'list_records', { model: toText(model), cursor: cursor ?? undefined }, site);
      const records = list(reply);
      for (let index = 0; index < records.length; index += 1) yield records[index];
      cursor = reply.head.next_cursor;
    } while (cursor);
  },

  /** @param {string} model */
  trackDeletesStart: async (model) => {
    await call('start tracking deletes', 'track_deletes_start', { model: toText(model) }, callSite());
  },

  /**
   * @param {string} model
   * @returns {Promise<{ deletedKeys: string[] }>}
   */
  trackDeletesEnd: async (model) => ({ deletedKeys: list(await call('end tracking deletes', 'track_deletes_end', { model: toText(model) }, callSite())) }),

  /**
   * @param {string} model
   * @returns {Promise<{ deletedKeys: string[] }>}
   */
  deleteRecordsFromPreviousExecutions: async (model) => ({ deletedKeys: list(await call('delete records', 'delete_unsaved', { model: toText(model) }, callSite())) }),

  /**
   * @param {{ strategy: string }} merging
   * @param {string} model
   */
  setMergingStrategy: async (merging, model) => {
    const strategy = toText(merging?.strategy);
    const reply = await call('set the merging strategy', 'set_merging_strategy', { model: toText(model), strategy }, callSite());
    if (!reply.head) write('warn', `The merging strategy of ${toText(model)} was set before; it stays as it is.`);
  },
};

/**
 * @param {string} doing
 * @param {string} op
 * @param {object} args
 * @param {string} site
 * @param {string} [body]
 */
async function call(doing, op, args, site, body) {
  try {
    return await ask(op, args, body, site);
  } catch (error) {
    if (!SdkError.is(error) || error.code === 'script_aborted' || error.code === 'execution_timeout') throw error;
    throw locate(new ErrorClass(`Failed to ${doing}: ${error.message}`, { cause: error }), site);
  }
}

/**
 * @param {import('./native.js').Reply} reply
 * @returns {any[]}
 */
function list(reply) {
  return reply.body === undefined ? [] : native.parseJson(reply.body);
}
