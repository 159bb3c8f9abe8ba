import { createAction } from 'nango';
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { Buffer } from 'node:buffer';
import { z } from 'zod';

export default createAction({
    description: 'Touches every member and global that functions may use',
    input: z.any(),
    output: z.any(),
    exec: async (nango) => {
        const { get, log } = nango;
        await log('hello', { a: 1 }, { level: 'warn' });
        console.log('console works', { deep: [1, { two: 2 }] });
        await new Promise((resolve) => setTimeout(resolve, 5));
        const url = new URL('https://user:pw@example.com:8443/a/../b?x=1&y=2#z');
        url.searchParams.append('z', 'ä ö');
        const query = new URLSearchParams({ b: '2', a: '1' });
        query.sort();
        const posted = await nango.post({ endpoint: '/mirror', data: { hello: 'wörld' }, headers: { 'X-Custom': 'yes' }, params: { p: '1' }, retries: 0 });
        const put = await nango.put({ endpoint: '/mirror', data: 'plain', headers: { 'content-type': 'text/plain' }, retries: 0 });
        const removed = await nango.delete({ endpoint: '/mirror', retries: 0 });
        const patched = await nango.proxy({ method: 'patch', endpoint: '/mirror', data: [1, 2], retries: 0 });
        const binary = await get({ endpoint: '/binary', responseType: 'arraybuffer', retries: 0 });
        const variables = await nango.getEnvironmentVariables();
        return {
            url: url.href,
            query: query.toString(),
            base64: Buffer.from('grüße').toString('base64'),
            utf8: new TextDecoder().decode(new TextEncoder().encode('€')),
            sha256: createHash('sha256').update('abc').digest('hex'),
            hmac: createHmac('sha1', 'key').update('data').digest('base64'),
            uuid: randomUUID(),
            posted: { status: posted.status, data: posted.data, type: posted.headers['content-type'] },
            put: put.data,
            removed: removed.status,
            patched: patched.data,
            binary: Buffer.from(binary.data).toString('hex'),
            variables,
            environment: nango.environmentName,
        };
    },
});
