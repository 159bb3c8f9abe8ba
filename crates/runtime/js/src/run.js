// What one run knows: its context, its metadata snapshot and the connections it has fetched.
import { MapClass, mapClear, mapGet, mapSet } from './intrinsics.js';
import { native } from './native.js';

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
 */

/** How long a fetched connection is used again; its access token may be replaced meanwhile. */
const CONNECTION_AGE = 60_000;

export class Run {
  /** @type {Map<string, { at: number, connection: any }>} */
  #connections = new MapClass();

  /** @param {Context} context */
  constructor(context) {
    this.context = context;
    this.metadata = context.metadata ?? null;
  }

  /** @param {string} key @returns {any} */
  knownConnection(key) {
    const known = mapGet(this.#connections, key);
    return known !== undefined && native.now() - known.at <= CONNECTION_AGE ? known.connection : undefined;
  }

  /** @param {string} key @param {any} connection */
  rememberConnection(key, connection) {
    mapSet(this.#connections, key, { at: native.now(), connection });
  }

  /** After anything that may have changed a connection. */
  forgetConnections() {
    mapClear(this.#connections);
  }
}
