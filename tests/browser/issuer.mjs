// An issuer of OpenID Connect on loopback: everybody who is sent to it is `person`, at once.

import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Starts it; `url`, and `person`, the claims of whoever signs in next. */
export async function startIssuer(person) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const codes = new Map();
    const issuer = { url: undefined, person };
    const answers = {
        '/.well-known/openid-configuration': () => ({
            issuer: issuer.url,
            authorization_endpoint: `${issuer.url}/authorize`,
            token_endpoint: `${issuer.url}/token`,
            jwks_uri: `${issuer.url}/keys`,
            response_types_supported: ['code'],
            subject_types_supported: ['public'],
            id_token_signing_alg_values_supported: ['EdDSA'],
        }),
        '/keys': () => ({ keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'sig', kid: '1' }] }),
        '/token': (form) => {
            const { challenge, nonce } = codes.get(form.get('code'));
            codes.delete(form.get('code'));
            if (createHash('sha256').update(form.get('code_verifier')).digest('base64url') !== challenge) throw new Error('the verifier is another one');
            const now = Math.floor(Date.now() / 1000);
            const claims = { iss: issuer.url, aud: 'bespoke', iat: now, exp: now + 60, nonce, ...issuer.person };
            const text = `${encoded({ alg: 'EdDSA', kid: '1' })}.${encoded(claims)}`;
            return { access_token: 'access', token_type: 'Bearer', expires_in: 60, id_token: `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}` };
        },
    };
    const server = createServer(async (request, response) => {
        const url = new URL(request.url, issuer.url);
        if (url.pathname === '/authorize') {
            const code = randomUUID();
            codes.set(code, { challenge: url.searchParams.get('code_challenge'), nonce: url.searchParams.get('nonce') });
            const back = new URL(url.searchParams.get('redirect_uri'));
            back.search = new URLSearchParams({ code, state: url.searchParams.get('state') });
            return response.writeHead(302, { location: back.href }).end();
        }
        let body = '';
        for await (const part of request) body += part;
        const answer = answers[url.pathname];
        if (!answer) return response.writeHead(404).end();
        response.writeHead(200, { 'content-type': 'application/json' });
        return response.end(JSON.stringify(answer(new URLSearchParams(body))));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    issuer.url = `http://127.0.0.1:${server.address().port}`;
    issuer.close = () => server.close();
    return issuer;
}
