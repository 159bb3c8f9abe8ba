// A small CRM on loopback, shaped like HubSpot's CRM API v3: contacts with custom properties, search and paging.
// Needs nothing but Node. `node server.mjs [port]` prints the address that it listens on.

import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { accounts } from './accounts.mjs';

const DEFAULT_PAGE = 10;
const MAX_PAGE = 100;

class ApiError extends Error {
    constructor(status, category, message) {
        super(message);
        this.status = status;
        this.category = category;
    }
}

const operators = {
    EQ: (value, filter) => value === String(filter.value),
    NEQ: (value, filter) => value !== String(filter.value),
    IN: (value, filter) => (filter.values ?? []).map(String).includes(value),
    HAS_PROPERTY: (value) => value !== undefined,
    NOT_HAS_PROPERTY: (value) => value === undefined,
    CONTAINS_TOKEN: (value, filter) => value?.includes(String(filter.value)) ?? false,
};

function matches(contact, groups) {
    if (groups.length === 0) return true;
    return groups.some((group) => (group.filters ?? []).every((filter) => {
        const test = operators[filter.operator];
        if (!test) throw new ApiError(400, 'VALIDATION_ERROR', `unknown operator ${filter.operator}`);
        return test(contact.properties[filter.propertyName], filter);
    }));
}

/** A contact with the asked properties only; the standard ones where none are asked for. */
function shown(contact, names) {
    const wanted = names.length > 0 ? names : ['email', 'firstname', 'lastname'];
    const properties = Object.fromEntries(wanted.map((name) => [name, contact.properties[name] ?? null]));
    return { ...contact, properties };
}

function page(contacts, { limit, after, names }, link) {
    const size = Number(limit ?? DEFAULT_PAGE);
    if (!Number.isInteger(size) || size < 1 || size > MAX_PAGE) {
        throw new ApiError(400, 'VALIDATION_ERROR', `limit must be 1 to ${MAX_PAGE}`);
    }
    const start = Number(after ?? 0);
    const end = start + size;
    const results = contacts.slice(start, end).map((contact) => shown(contact, names));
    if (end >= contacts.length) return { results };
    return { results, paging: { next: { after: String(end), link: link(end) } } };
}

const split = (values) => values.flatMap((value) => value.split(',')).map((name) => name.trim()).filter(Boolean);

function route(account, method, url, body) {
    const path = url.pathname.replace(/\/$/, '');
    if (method === 'GET' && path === '/crm/v3/properties/contacts') return [200, { results: account.properties }];
    if (method === 'GET' && path === '/crm/v3/objects/contacts') {
        const query = url.searchParams;
        const options = { limit: query.get('limit') ?? undefined, after: query.get('after') ?? undefined, names: split(query.getAll('properties')) };
        return [200, page(account.contacts, options, (after) => {
            const next = new URL(url);
            next.searchParams.set('after', String(after));
            return next.href;
        })];
    }
    if (method === 'POST' && path === '/crm/v3/objects/contacts/search') {
        const found = account.contacts.filter((contact) => matches(contact, body.filterGroups ?? []));
        const options = { limit: body.limit, after: body.after, names: body.properties ?? [] };
        return [200, { total: found.length, ...page(found, options, () => undefined) }];
    }
    if (method === 'POST' && path === '/crm/v3/objects/contacts') {
        const at = new Date().toISOString();
        const id = String(Math.max(100, ...account.contacts.map((contact) => Number(contact.id))) + 1);
        const contact = { id, properties: { ...body.properties }, createdAt: at, updatedAt: at, archived: false };
        account.contacts.push(contact);
        return [201, contact];
    }
    const id = /^\/crm\/v3\/objects\/contacts\/([^/]+)$/.exec(path)?.[1];
    const contact = account.contacts.find((candidate) => candidate.id === id);
    if (id && !contact) throw new ApiError(404, 'OBJECT_NOT_FOUND', `no contact ${id}`);
    if (contact && method === 'GET') return [200, shown(contact, split(url.searchParams.getAll('properties')))];
    if (contact && method === 'PATCH') {
        Object.assign(contact.properties, body.properties);
        contact.updatedAt = new Date().toISOString();
        return [200, contact];
    }
    if (contact && method === 'DELETE') {
        account.contacts.splice(account.contacts.indexOf(contact), 1);
        return [204];
    }
    throw new ApiError(404, 'NOT_FOUND', `nothing at ${method} ${path}`);
}

async function read(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (chunks.length === 0) return {};
    try {
        return JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } catch {
        throw new ApiError(400, 'VALIDATION_ERROR', 'the body is not JSON');
    }
}

/** Starts a CRM with fresh data; resolves to `{ url, requests, close }`. `requests` counts what was asked, by account. */
export async function startCrm(port = 0) {
    const byKey = accounts();
    const requests = new Map();
    const server = createServer(async (request, response) => {
        let answer;
        try {
            const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
            const account = byKey.get(key);
            if (!account) throw new ApiError(401, 'INVALID_AUTHENTICATION', 'unknown API key');
            requests.set(account.name, (requests.get(account.name) ?? 0) + 1);
            const url = new URL(request.url, `http://${request.headers.host}`);
            answer = route(account, request.method, url, await read(request));
        } catch (error) {
            if (!(error instanceof ApiError)) throw error;
            answer = [error.status, { status: 'error', category: error.category, message: error.message }];
        }
        const [status, body] = answer;
        response.writeHead(status, body === undefined ? {} : { 'content-type': 'application/json' });
        response.end(body === undefined ? undefined : JSON.stringify(body));
    });
    await new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', resolve);
    });
    const close = () => new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
    });
    return { url: `http://127.0.0.1:${server.address().port}`, requests, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const crm = await startCrm(Number(process.argv[2] ?? 4010));
    console.log(`The sample CRM listens at ${crm.url}`);
}
