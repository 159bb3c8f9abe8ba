// What one run knows: its context, its metadata snapshot and what it has fetched.
import { MapClass, mapClear, mapGet, mapSet } from './intrinsics.js';
import { native } from './native.js';
import { noting } from './noting.js';

/**
 * @typedef {object} Context the parent's description of the run
 * @property {string} name the function
 * @property {string} provider
 * @property {string} provider_config_key
 * @property {string} connection_id
 * @property {string} environment_name
 * @property {number} environment_id
 * @property {string} run_id
 * @property {string} [sync_id]
 * @property {string} [variant]
 * @property {string | null} [last_sync_date]
 * @property {any} metadata
 * @property {object | null} [paginate] the provider's pagination
 * @property {string | null} [content_type] the request content type that the provider prescribes
 * @property {string} [logger_level]
 * @property {number | null} [job] grows from run to run of a sync
 * @property {number} connection_row
 * @property {boolean} [track_deletes]
 * @property {boolean} [empty_cache]
 * @property {object | null} [sync_config]
 */

export class Run {
  /** @type {Map<string, { at: number, value: any }>} */
  #fetched = new MapClass();

  /** @param {Context} context */
  constructor(context) {
    this.context = context;
    this.metadata = noting(context.metadata ?? null);
  }

  /**
   * What was fetched under this key, if that is no older than `age` milliseconds.
   * @param {string} key
   * @param {number} age
   * @returns {any}
   */
  known(key, age) {
    const known = mapGet(this.#fetched, key);
    return known !== undefined && native.now() - known.at <= age ? known.value : undefined;
  }

  /** @param {string} key @param {any} value */
  remember(key, value) {
    mapSet(this.#fetched, key, { at: native.now(), value });
  }

  /** After anything that may have changed a connection. */
  forgetConnections() {
    mapClear(this.#fetched);
  }
}
