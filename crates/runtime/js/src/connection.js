// nango.getConnection, getToken, getEnvironmentVariables, getIntegration and getWebhookURL.
import { isArray, jsonStringify, toBoolean, toText } from './intrinsics.js';
import { ask } from './host.js';
import { noting } from './noting.js';

/** How long a fetched connection is used again, in milliseconds; its access token may be replaced meanwhile. */
const CONNECTION_AGE = 60_000;

/** The same for the integration. */
const INTEGRATION_AGE = 600_000;

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
      const key = keyOf(providerConfigKey || run.context.provider_config_key, connectionId || run.context.connection_id);
      const known = force || withRefreshToken ? undefined : run.known(key, CONNECTION_AGE);
      if (known !== undefined) return known;
      const reply = await ask('get_connection', {
        provider_config_key: providerConfigKey ? toText(providerConfigKey) : undefined,
        connection_id: connectionId ? toText(connectionId) : undefined,
        force_refresh: force,
        refresh_token: withRefreshToken,
      });
      // The own configuration once more, without what lies below it.
      if (key === keyOf(run.context.provider_config_key, run.context.connection_id) && reply.head?.metadata) {
        reply.head.metadata = noting(reply.head.metadata);
      }
      run.remember(key, reply.head);
      return reply.head;
    },

    /** @returns {Promise<{ name: string, value: string }[]>} */
    getEnvironmentVariables: async () => (await ask('environment_variables', {})).head,

    /**
     * The credentials as most functions want them: the access token of OAuth 2, the token pair of OAuth 1, else all of them.
     * Always asked for anew.
     * @returns {Promise<any>}
     */
    getToken: async () => {
      const { credentials } = (await ask('get_connection', {})).head;
      if (credentials.type === 'OAUTH2') return credentials.access_token;
      if (credentials.type === 'OAUTH1') return { oAuthToken: credentials.oauth_token, oAuthTokenSecret: credentials.oauth_token_secret };
      return credentials;
    },

    /**
     * @param {{ include?: string[] }} [options]
     * @returns {Promise<any>} the connection's integration
     */
    getIntegration: (options) => integration(run, options?.include),

    /** @returns {Promise<string | null>} where the provider sends its webhooks to */
    getWebhookURL: async () => (await integration(run, ['webhook'])).webhook_url,
  };
}

/**
 * @param {string} integration
 * @param {string} connection
 */
const keyOf = (integration, connection) => jsonStringify([integration, connection]);

/**
 * @param {import('./run.js').Run} run
 * @param {unknown} include
 */
async function integration(run, include) {
  const webhook = isArray(include) && includes(include, 'webhook');
  const credentials = isArray(include) && includes(include, 'credentials');
  const key = `integration ${webhook} ${credentials}`;
  const known = run.known(key, INTEGRATION_AGE);
  if (known !== undefined) return known;
  const { head } = await ask('get_integration', { webhook, credentials });
  run.remember(key, head);
  return head;
}

/**
 * @param {unknown[]} list
 * @param {string} wanted
 */
function includes(list, wanted) {
  for (let index = 0; index < list.length; index += 1) if (list[index] === wanted) return true;
  return false;
}
