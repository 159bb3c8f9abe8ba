import assert from 'node:assert/strict';
import test from 'node:test';
import { answering, boot } from './support/engine.js';

/** The call and its body that `nango.<code>` leads to. */
async function sent(code, context) {
  const engine = await boot({ host: answering({ json: {} }), context });
  await engine.action(`await nango.${code}`);
  const [{ args, body }] = engine.http();
  return { ...args, body: body?.toString() };
}

test('a request has only what the function said', async () => {
  assert.deepEqual(await sent('get({ endpoint: "/contacts" })'), { method: 'GET', endpoint: '/contacts', headers: [], retries: 0, body: undefined });
  assert.deepEqual(
    await sent(`proxy({ endpoint: 'x', method: 'post', headers: { 'X-A': 1, b: undefined }, retries: 3, retryOn: [404, 'x'], retryHeader: { at: 'reset' },
      baseUrlOverride: 'https://o.example.com', decompress: 'true', forwardHeadersOnRedirect: true, providerConfigKey: 'p', connectionId: 'c', data: { a: 1 } })`),
    {
      method: 'POST', endpoint: 'x', headers: [['X-A', '1'], ['content-type', 'application/json']], retries: 3, retry_on: [404], retry_header: { at: ['reset'] },
      base_url_override: 'https://o.example.com', decompress: true, forward_headers_on_redirect: true, provider_config_key: 'p', connection_id: 'c', body: '{"a":1}',
    },
  );
});

test('each verb has its method', async () => {
  for (const verb of ['get', 'post', 'put', 'patch', 'delete']) {
    assert.equal((await sent(`${verb}({ endpoint: '/', method: 'OPTIONS' })`)).method, verb.toUpperCase());
  }
  assert.equal((await sent("proxy({ endpoint: '/' })")).method, 'GET');
});

test('query parameters', async () => {
  const params = async (code) => (await sent(`get({ endpoint: '/', params: ${code} })`)).params;
  assert.deepEqual(await params("{ a: 1, b: true, c: ['x', 'y'], d: undefined, e: null, f: '', g: new Date(0), h: { i: 1 } }"), {
    a: '1', b: 'true', c: 'x,y', f: '', g: '1970-01-01T00:00:00.000Z', h: '{"i":1}',
  });
  assert.equal(await params("'a=1'"), 'a=1');
  assert.equal(await params('new URLSearchParams({ a: "1 2" })'), 'a=1+2');
  assert.equal((await sent("get({ endpoint: '/?a=1', params: { b: 2 } })")).endpoint, '/?a=1');
});

test('bodies are converted as axios does', async () => {
  const JSON_TYPE = 'application/json';
  const FORM = 'application/x-www-form-urlencoded';
  for (const [data, headers, body, type] of [
    ['{ a: [1, "é"] }', '{}', '{"a":[1,"é"]}', JSON_TYPE],
    ['[1]', '{}', '[1]', JSON_TYPE],
    ['5', '{}', '5', JSON_TYPE],
    ['"a=1"', '{}', 'a=1', FORM],
    ['"{}"', '{ "Content-Type": "text/plain" }', '{}', 'text/plain'],
    ['" {} "', `{ 'content-type': '${JSON_TYPE}' }`, '{}', JSON_TYPE],
    ['"text"', `{ 'content-type': '${JSON_TYPE}' }`, '"text"', JSON_TYPE],
    ['{ a: 1, b: { c: [1, 2] }, d: [{ e: 1 }], f: null }', `{ 'content-type': '${FORM}' }`, 'a=1&b%5Bc%5D%5B%5D=1&b%5Bc%5D%5B%5D=2&d%5B0%5D%5Be%5D=1', FORM],
    ['new URLSearchParams({ a: "b c" })', '{}', 'a=b+c', `${FORM};charset=utf-8`],
    ['{ a: 1 }', "{ 'content-type': 'application/vnd.api+json' }", '{"a":1}', 'application/vnd.api+json'],
    ['Buffer.from("raw")', '{}', 'raw', undefined],
    ['new Uint8Array([0, 104, 105]).subarray(1)', '{}', 'hi', undefined],
    ['""', '{}', undefined, undefined],
    ['undefined', '{}', undefined, undefined],
  ]) {
    const request = await sent(`post({ endpoint: '/', data: ${data}, headers: ${headers} })`);
    assert.equal(request.body, body, data);
    assert.equal(Object.fromEntries(request.headers.map(([name, value]) => [name.toLowerCase(), value]))['content-type'], type, data);
  }
  assert.equal((await sent('get({ endpoint: "/", data: { a: 1 } })')).body, undefined);
  assert.equal((await sent('delete({ endpoint: "/", data: { a: 1 } })')).body, '{"a":1}');
});

test("the provider's content type decides when the function names none", async () => {
  const request = await sent('post({ endpoint: "/", data: { a: "b c" } })', { content_type: 'application/x-www-form-urlencoded' });
  assert.deepEqual([request.body, request.headers], ['a=b+c', []]);
});

test('multipart/form-data', async () => {
  const { headers, body } = await sent(`post({ endpoint: '/', headers: { 'content-type': 'multipart/form-data' }, data: { a: 1, 'f"': Buffer.from('xyz') } })`);
  const [, boundary] = /^multipart\/form-data; boundary=(bespoke-[0-9a-f]{32})$/.exec(headers[0][1]);
  assert.equal(body, [
    `--${boundary}`, 'Content-Disposition: form-data; name="a"', '', '1',
    `--${boundary}`, 'Content-Disposition: form-data; name="f%22"; filename="f%22"', 'Content-Type: application/octet-stream', '', 'xyz',
    `--${boundary}--`, '',
  ].join('\r\n'));
});

test('the answer has the shape of axios', async () => {
  const engine = await boot({
    host: answering({ json: { id: 1 }, headers: [['Content-Type', 'application/json'], ['Link', '<a>'], ['link', '<b>'], ['Set-Cookie', 'x=1'], ['set-cookie', 'y=2']] }),
  });
  assert.deepEqual(await engine.action(`
    const { data, status, statusText, headers, config, request } = await nango.get({ endpoint: '/x', params: { a: 1 } });
    return { data, status, statusText, headers, method: config.method, params: config.params, request: typeof request, type: headers.get('Content-Type'), has: headers.has('nope') };
  `), {
    data: { id: 1 }, status: 200, statusText: 'OK', method: 'get', params: { a: 1 }, request: 'object', type: 'application/json', has: false,
    headers: { 'content-type': 'application/json', link: '<a>, <b>', 'set-cookie': ['x=1', 'y=2'] },
  });
});

test('bodies of answers', async () => {
  const TEXT = [['content-type', 'text/plain']];
  for (const [type, answer, expected] of [
    ['undefined', { body: '{"a":1}', headers: TEXT }, { a: 1 }],
    ['undefined', { body: '\ufeff[1]' }, [1]],
    ['"json"', { body: '{"broken' }, '{"broken'],
    ['"text"', { body: '{"a":1}' }, '{"a":1}'],
    ['undefined', { body: '<html>é' }, '<html>é'],
    ['undefined', { body: Buffer.from('é', 'latin1'), headers: [['content-type', 'text/plain; charset=ISO-8859-1']] }, 'é'],
    ['undefined', { body: 'é', headers: [['content-type', 'text/plain; charset=nonsense']] }, 'é'],
    ['undefined', { status: 204 }, ''],
    ['undefined', { body: '0' }, 0],
    ['"arraybuffer"', { body: Buffer.from([255, 0]) }, { type: 'Buffer', data: [255, 0] }],
    ['"stream"', { body: undefined }, { type: 'Buffer', data: [] }],
  ]) {
    const engine = await boot({ host: answering(answer) });
    assert.deepEqual(await engine.action(`return (await nango.get({ endpoint: '/', responseType: ${type} })).data`), expected, JSON.stringify(answer));
  }
});

test('an answer outside of 2xx is thrown', async () => {
  for (const [status, code] of [[404, 'ERR_BAD_REQUEST'], [429, 'ERR_BAD_REQUEST'], [503, 'ERR_BAD_RESPONSE'], [304, 'ERR_BAD_RESPONSE']]) {
    const engine = await boot({ host: answering({ status, json: { reason: 'x' } }) });
    assert.deepEqual(await engine.action(`
      try { await nango.get({ endpoint: '/x' }) } catch (e) {
        return { error: e instanceof Error, name: e.name, is: e.isAxiosError, code: e.code, message: e.message, status: e.status,
          response: e.response.status, data: e.response.data, url: e.config.url, json: JSON.parse(JSON.stringify(e)).message };
      }`), {
      error: true, name: 'AxiosError', is: true, code, message: `Request failed with status code ${status}`, status, response: status, data: { reason: 'x' },
      url: 'https://api.example.com/x', json: `Request failed with status code ${status}`,
    });
  }
});

test('no answer at all is an axios error without response, a refusal is not', async () => {
  const caught = async (refusal) => {
    const engine = await boot({ host: () => { throw refusal; } });
    return engine.action("try { await nango.get({ endpoint: '/x' }) } catch (e) { return [e.name, e.code, e.message, 'response' in e, typeof e.request, e.isAxiosError ?? false] }");
  };
  assert.deepEqual(await caught({ code: 'ECONNRESET', message: 'socket hang up' }), ['AxiosError', 'ECONNRESET', 'socket hang up', false, 'object', true]);
  assert.deepEqual(await caught({ code: 'base_url_override_not_allowed', message: 'no' }), ['SDKError', 'base_url_override_not_allowed', 'no', false, 'undefined', false]);
});

test('requests that cannot be made are refused before they are sent', async () => {
  for (const [config, code] of [['{}', 'missing_api_url'], ['undefined', 'missing_api_url'], ["{ endpoint: '/?a=1', params: 'b=2' }", 'invalid_query_params']]) {
    const engine = await boot();
    assert.equal((await engine.failure(`await nango.get(${config})`)).code, code);
    assert.equal(engine.calls.length, 0);
  }
});
