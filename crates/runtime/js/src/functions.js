// nango.triggerAction, triggerSync and startSync: what functions do with other functions.
import { ErrorClass, isArray, jsonStringify, toBoolean, toText } from './intrinsics.js';
import { ask } from './host.js';
import { decodeBody } from './body.js';

/** The older ways to say how a sync is to run. @type {(mode: unknown) => { reset: boolean, emptyCache: boolean } | undefined} */
const legacyMode = (mode) => {
  switch (mode) {
    case true:
    case 'full_refresh':
      return { reset: true, emptyCache: false };
    case 'full_refresh_and_clear_cache':
      return { reset: true, emptyCache: true };
    case undefined:
    case null:
    case false:
    case 'incremental':
      return { reset: false, emptyCache: false };
    default:
      return undefined;
  }
};

/**
 * @param {import('./run.js').Run} run
 * @returns {Record<string, Function>} the members of `nango`
 */
export function functionMembers(run) {
  return {
    /**
     * `triggerAction(providerConfigKey, connectionId, actionName, input?)`, or `triggerAction(actionName, input?)` for an
     * action of the own connection.
     * @param {...any} given
     * @returns {Promise<any>} the action's output
     */
    triggerAction: async (...given) => {
      const own = given.length < 3;
      const [key, connection, name, input] = own
        ? [run.context.provider_config_key, run.context.connection_id, given[0], given[1]]
        : given;
      const args = { provider_config_key: toText(key), connection_id: toText(connection), action_name: toText(name) };
      const reply = await ask('trigger_action', args, jsonStringify(input) ?? 'null');
      return reply.body === undefined || reply.body.byteLength === 0 ? null : decodeBody(reply.body, 'json', undefined);
    },

    /**
     * @param {string} providerConfigKey
     * @param {string} connectionId
     * @param {string | { name: string, variant?: string }} sync
     * @param {any} [options] `{ reset, emptyCache }`, or an older form: a mode or a boolean
     */
    triggerSync: async (providerConfigKey, connectionId, sync, options) => {
      const isObject = typeof options === 'object' && options !== null;
      const mode = isObject ? options : legacyMode(options);
      if (mode === undefined) throw new ErrorClass(`Failed to trigger the sync: ${toText(options)} is not a way to run it`);
      await ask('trigger_sync', {
        provider_config_key: toText(providerConfigKey),
        connection_id: toText(connectionId),
        sync: syncOf(sync),
        reset: toBoolean(mode.reset),
        empty_cache: toBoolean(mode.emptyCache),
      });
    },

    /**
     * @param {string} providerConfigKey
     * @param {(string | { name: string, variant?: string })[]} syncs all of them where it is empty
     * @param {string} [connectionId] every connection of the integration when left out
     */
    startSync: async (providerConfigKey, syncs, connectionId) => {
      if (!isArray(syncs)) throw new ErrorClass('Failed to start syncs: expected a list of syncs');
      const names = [];
      for (let index = 0; index < syncs.length; index += 1) names[index] = syncOf(syncs[index]);
      await ask('start_sync', {
        provider_config_key: toText(providerConfigKey),
        connection_id: connectionId ? toText(connectionId) : undefined,
        syncs: names,
      });
    },
  };
}

/**
 * @param {any} sync
 * @returns {{ name: string, variant?: string }}
 */
function syncOf(sync) {
  if (typeof sync !== 'object' || sync === null) return { name: toText(sync) };
  return { name: toText(sync.name), variant: sync.variant ? toText(sync.variant) : undefined };
}
