// Typed calls of Bespoke's API: a thin layer over openapi-fetch, which knows nothing that openapi.json does not say.
import createFetchClient from 'openapi-fetch';

/** What the server refused: `code` is stable, `message` is for people. */
export class BespokeError extends Error {
    constructor(status, error) {
        super(error?.message ?? `The server answered ${status}.`);
        this.name = 'BespokeError';
        this.status = status;
        this.code = error?.code ?? 'unknown';
        this.errors = error?.errors ?? [];
        this.payload = error?.payload;
    }
}

/** A client of all operations, as openapi-fetch has them: `client.GET('/connections/{connection_id}', …)`. */
export function createClient({ baseUrl, key, fetch }) {
    return createFetchClient({ baseUrl, fetch, headers: { authorization: `Bearer ${key}` } });
}

async function data(call) {
    const { data, error, response } = await call;
    if (response.ok) return data;
    throw new BespokeError(response.status, error?.error);
}

/** The configuration of one connection, by the token of a session of the configuration page: for a page of your own. */
export class ConfigureSession {
    #client;

    constructor({ baseUrl, token, fetch }) {
        this.#client = createClient({ baseUrl, key: token, fetch });
    }

    /** What may be set: schema, values, what is inherited, what is wrong. */
    read() {
        return data(this.#client.GET('/configure/session'));
    }

    /** What the customer may choose from at a path (JSON pointer). */
    options(path) {
        return data(this.#client.GET('/configure/options', { params: { query: { path } } }));
    }

    /** What a change (merge patch) would do to the records; nothing is written. */
    preview(changes, options = {}) {
        return data(this.#client.POST('/configure/preview', { body: { changes, function: options.function }, signal: options.signal }));
    }

    /** Sets values (merge patch; `null` takes one back), where `revision`, if given, is still the newest. */
    save(changes, revision) {
        const headers = { 'content-type': 'application/merge-patch+json' };
        if (revision !== undefined) headers['if-match'] = `"${revision}"`;
        return data(this.#client.PATCH('/configure/metadata', { body: changes, headers }));
    }
}

/** Makes a session of the configuration page, in your backend. */
export async function createConfigureSession(client, session) {
    return (await data(client.POST('/configure/sessions', { body: session }))).data;
}
