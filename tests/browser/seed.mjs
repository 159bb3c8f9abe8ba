// Many connections, as a grown product has them.

import { Agent, request } from 'node:http';

const CLIENTS = 32;
const firsts = ['Northwind', 'Acme', 'Brightwell', 'Contoso', 'Globex', 'Initech', 'Umbra', 'Vandelay', 'Wayne', 'Stark'];
const seconds = ['Traders', 'Foods', 'Logistics', 'Health', 'Energy', 'Studios', 'Partners', 'Labs', 'Retail', 'Works'];

/** The customer of a number: of two plans, 97 in 100 with the same status, one in a thousand not as the schema wants it. */
function connectionOf(number) {
    const name = `${firsts[number % 10]} ${seconds[Math.floor(number / 10) % 10]} ${number}`;
    return {
        provider_config_key: 'fleet',
        connection_id: `customer-${number}`,
        credentials: { type: 'NONE' },
        end_user: { id: `user-${number}`, display_name: name, email: `admin@customer-${number}.example` },
        tags: { plan: number % 2 ? 'pro' : 'free' },
        metadata: {
            filterStatus: number % 100 < 97 ? 'active' : 'all',
            accountId: `account-${number}`,
            limits: { perPage: number % 1000 === 7 ? 'many' : 100 },
            fieldMapping: Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`internal_${index}`, `custom_field_${(number + index) % 7}`])),
            note: `Agreed with customer ${number}: ${'only deals that are open. '.repeat(8)}`,
        },
    };
}

/** Sends `body` with a connection that is kept; fetch needs twice the time. */
function post(url, agent, headers, body) {
    return new Promise((done, failed) => {
        const sent = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } }, (response) => {
            response.resume().on('end', () => (response.statusCode < 300 ? done() : failed(new Error(`${url} answered ${response.statusCode}`))));
        });
        sent.on('error', failed).end(body);
    });
}

/** Makes the integration `fleet`, its schema, and `size` connections. */
export async function seed(server, size) {
    await server.must('POST', '/integrations', { body: { unique_key: 'fleet', provider: 'unauthenticated', display_name: 'Fleet' } });
    const schema = { type: 'object', properties: { limits: { type: 'object', properties: { perPage: { type: 'integer' } } } } };
    await server.must('PUT', '/integrations/fleet/metadata/schema', { body: { mode: 'warn', version: 1, schema } });
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
    const headers = { authorization: `Bearer ${server.keys.dev}`, 'content-type': 'application/json' };
    let next = 0;
    const client = async () => {
        while (next < size) {
            const number = next;
            next += 1;
            await post(`${server.url}/connections`, agent, headers, JSON.stringify(connectionOf(number)));
        }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    agent.destroy();
}
