// nango.getConnection, getEnvironmentVariables and triggerAction.
import { jsonStringify, toBoolean, toText } from './intrinsics.js';
import { ask } from './host.js';
import { decodeBody } from './body.js';

/**
 * @param {import('./run.js').Run} run
 * @returns {Record<string, Function>} the members of `nango`
 */
export function connectionMembers(run) {
  return {
    /**
     * @param {string} [providerConfigKey] the own integration when left out
     * @param {string} [connectionId] the own connection when left out
     * @param {{ forceRefresh?: boolean, refreshToken?: boolean }} [options]
     */
    getConnection: async (providerConfigKey, connectionId, options) => {
      const force = toBoolean(options?.forceRefresh);
      const withRefreshToken = toBoolean(options?.refreshToken);
      const key = jsonStringify([providerConfigKey || run.context.provider_config_key, connectionId || run.context.connection_id]);
      const known = force || withRefreshToken ? undefined : run.knownConnection(key);
      if (known !== undefined) return known;
      const reply = await ask('get_connection', {
        provider_config_key: providerConfigKey ? toText(providerConfigKey) : undefined,
        connection_id: connectionId ? toText(connectionId) : undefined,
        force_refresh: force,
        refresh_token: withRefreshToken,
      });
      run.rememberConnection(key, reply.head);
      return reply.head;
    },

    /** @returns {Promise<{ name: string, value: string }[]>} */
    getEnvironmentVariables: async () => (await ask('environment_variables', {})).head,

    /**
     * @param {string} providerConfigKey
     * @param {string} connectionId
     * @param {string} actionName
     * @param {unknown} [input]
     * @returns {Promise<any>} the action's output
     */
    triggerAction: async (providerConfigKey, connectionId, actionName, input) => {
      const args = { provider_config_key: toText(providerConfigKey), connection_id: toText(connectionId), action_name: toText(actionName) };
      const reply = await ask('trigger_action', args, jsonStringify(input) ?? 'null');
      return reply.body === undefined || reply.body.byteLength === 0 ? null : decodeBody(reply.body, 'json', undefined);
    },
  };
}
