import assert from 'node:assert/strict';
import test from 'node:test';
import { answering, boot } from './support/engine.js';

/** Runs a whole pagination and gives its pages, the requests and what on_page saw. */
async function pages(config, answers, context) {
  const engine = await boot({ host: answering(...answers), context });
  const output = await engine.action(`
    const pages = [], seen = [];
    const config = ${config};
    const before = JSON.stringify(config);
    if (config.paginate) config.paginate.on_page = async ({ nextPageParam, response }) => { seen.push([nextPageParam ?? null, response.status]) };
    for await (const page of nango.paginate(config)) pages.push(page);
    if (config.paginate) delete config.paginate.on_page;
    return { pages, seen, untouched: JSON.stringify(config) === before };
  `);
  assert.ok(output.untouched, "the function's own configuration is not changed");
  return { ...output, requests: engine.http().map(({ args, body }) => ({ ...args, body })), logs: engine.logs };
}
const queries = ({ requests }) => requests.map(({ params }) => params);
const failure = async (config, context) => (await (await boot({ host: answering({ json: [] }), context })).failure(`for await (const page of nango.paginate(${config})) ;`)).message;

const CURSOR = "type: 'cursor', cursor_name_in_request: 'after', cursor_path_in_response: 'next', response_path: 'items'";

test('cursor: follows until there is none', async () => {
  const run = await pages(`{ endpoint: '/c', params: { q: 1 }, paginate: { ${CURSOR}, limit: 2, limit_name_in_request: 'size' } }`, [
    { json: { items: [1, 2], next: ' b ' } }, { json: { items: [3], next: 7 } }, { json: { items: [4], next: '  ' } },
  ]);
  assert.deepEqual(run.pages, [[1, 2], [3], [4]]);
  assert.deepEqual(queries(run), [{ q: '1', size: '2' }, { q: '1', size: '2', after: 'b' }, { q: '1', size: '2', after: '7' }]);
  assert.deepEqual(run.seen, [['b', 200], [7, 200], [null, 200]]);
});

test('cursor: an empty or missing page ends it before it is handed out', async () => {
  for (const items of ['[]', 'null', '{"message":"none"}']) {
    const run = await pages(`{ endpoint: '/c', paginate: { ${CURSOR} } }`, [{ json: { items: [1], next: 'b' } }, { body: `{"items":${items},"next":"c"}` }]);
    assert.deepEqual([run.pages, run.requests.length, run.seen.length], [[[1]], 2, 1]);
    assert.equal(run.logs.length, items[0] === '{' ? 1 : 0);
  }
});

test('cursor: objects, booleans and empty text are no cursors', async () => {
  for (const next of [{ a: 1 }, true, '', null]) {
    const run = await pages(`{ endpoint: '/c', paginate: { ${CURSOR} } }`, [{ json: { items: [1], next } }]);
    assert.equal(run.requests.length, 1);
  }
});

test('paths: the literal key first, then dots and brackets', async () => {
  const run = await pages(
    "{ endpoint: '/c', paginate: { type: 'link', link_path_in_response_body: '@odata.nextLink', response_path: 'Response[0].rows.list' } }",
    [{ json: { '@odata.nextLink': 'https://o.example.com/v1/next?x=1', Response: [{ rows: { list: [1] } }] } }, { json: { Response: [{ rows: { list: [2] } }] } }],
  );
  assert.deepEqual(run.pages, [[1], [2]]);
  assert.equal(run.requests[1].endpoint, '/v1/next?x=1');
});

test('the body carries the page for post, put, patch and in_body; dots make objects', async () => {
  for (const [method, extra] of [["'post'", ''], ["'PUT'", ''], ["'patch'", ''], ["'GET'", ', in_body: true'], ["'delete'", ', in_body: true']]) {
    const run = await pages(
      `{ endpoint: '/c', method: ${method}, data: { page: { keep: 1 }, f: [1] }, paginate: { ${CURSOR.replace("'after'", "'page.after'")}, limit: 5, limit_name_in_request: 'page.size'${extra} } }`,
      [{ json: { items: [1], next: 'b' } }, { json: { items: [] } }],
    );
    if (method === "'GET'") continue;
    assert.deepEqual(run.requests.map(({ body }) => JSON.parse(body)), [
      { page: { keep: 1, size: 5 }, f: [1] }, { page: { keep: 1, size: 5, after: 'b' }, f: [1] },
    ]);
    assert.deepEqual(queries(run), [undefined, undefined]);
  }
});

const LINK_BODY = "type: 'link', link_path_in_response_body: 'next', response_path: 'items'";

test('link: absolute, relative and query-only links; parameters are dropped after the first page', async () => {
  const run = await pages(`{ endpoint: '/v1/c', params: { q: 1 }, paginate: { ${LINK_BODY}, limit: 2, limit_name_in_request: 'n' } }`, [
    { json: { items: [1], next: 'https://other.example.com/v2/c?p=2' } }, { json: { items: [2], next: '/v3/c?p=3' } }, { json: { items: [3], next: '?p=4' } }, { json: { items: [4] } },
  ]);
  assert.deepEqual(run.pages, [[1], [2], [3], [4]]);
  assert.deepEqual(queries(run), [{ q: '1', n: '2' }, undefined, undefined, undefined]);
  assert.deepEqual(run.requests.map((request) => [request.base_url_override, request.endpoint]), [
    [undefined, '/v1/c'], ['https://other.example.com', '/v2/c?p=2'], ['https://other.example.com', '/v3/c?p=3'], ['https://other.example.com', '/v3/c?p=4'],
  ]);
  assert.deepEqual(run.seen.map(([next]) => next), ['https://other.example.com/v2/c?p=2', '/v3/c?p=3', '?p=4', null]);
});

test('link: empty pages are handed out, the same link twice ends it', async () => {
  const run = await pages(`{ endpoint: '/c', paginate: { ${LINK_BODY} } }`, [{ json: { next: '/n' } }, { json: { items: [1], next: '/n' } }]);
  assert.deepEqual(run.pages, [[], [1]]);
  assert.equal(run.requests.length, 2);
});

test('link: in the header by its relation, before the body', async () => {
  const header = (text) => [['content-type', 'application/json'], ['Link', text]];
  const run = await pages("{ endpoint: '/c', paginate: { type: 'link', link_rel_in_response_header: 'next', link_path_in_response_body: 'next' } }", [
    { json: [1], headers: header('<https://a.example.com/c?p=1,0>; rel="first"; title="a, b", <https://a.example.com/c?p=2,0>; rel="next"') },
    { json: [2], headers: header('</c?p=3>; rel=next') },
    { json: [3], headers: header('</c?p=9>; rel="nextish", </c?p=4>; rel="last next"') },
    { json: [4], headers: header('</c?p=1>; rel="first"') },
  ]);
  assert.deepEqual(run.pages, [[1], [2], [3], [4]]);
  assert.deepEqual(run.requests.map(({ endpoint }) => endpoint), ['/c', '/c?p=2,0', '/c?p=3', '/c?p=4']);
});

test('offset: by response size, as text in the query', async () => {
  const run = await pages("{ endpoint: '/c', paginate: { type: 'offset', offset_name_in_request: 'skip', limit: 2, limit_name_in_request: 'n' } }", [
    { json: [1, 2] }, { json: [3, 4] }, { json: [5] },
  ]);
  assert.deepEqual(run.pages, [[1, 2], [3, 4], [5]]);
  assert.deepEqual(queries(run).map(({ skip }) => skip), ['0', '2', '4']);
  assert.deepEqual(run.seen.map(([offset]) => offset), [0, 2], 'the current offset, and nothing for the short last page');
});

test('offset: per page, from a start, without a limit, as a number in the body', async () => {
  const run = await pages(
    "{ endpoint: '/c', method: 'POST', paginate: { type: 'offset', offset_name_in_request: 'page', offset_start_value: 1, offset_calculation_method: 'per-page' } }",
    [{ json: [1, 2] }, { json: [3] }, { json: [] }],
  );
  assert.deepEqual(run.requests.map(({ body }) => JSON.parse(body).page), [1, 2, 3]);
  assert.deepEqual(run.pages, [[1, 2], [3]]);
});

test("the provider's pagination is the default and the function's keys win", async () => {
  const context = { paginate: { type: 'cursor', cursor_name_in_request: 'after', cursor_path_in_response: 'next', response_path: 'results', limit: 100, limit_name_in_request: 'limit' } };
  const bare = await pages("{ endpoint: '/c' }", [{ json: { results: [1], next: 'b' } }, { json: { results: [] } }], context);
  assert.deepEqual(queries(bare), [{ limit: '100' }, { limit: '100', after: 'b' }]);
  const own = await pages("{ endpoint: '/c', paginate: { limit: 5, response_path: 'rows' } }", [{ json: { rows: [1] } }], context);
  assert.deepEqual([own.pages, queries(own)], [[[1]], [{ limit: '5' }]]);
});

test('what is missing is said', async () => {
  assert.match(await failure("{ endpoint: '/c' }"), /needs a type/);
  assert.match(await failure("{ endpoint: '/c', paginate: { type: 'magic' } }"), /"magic" is not supported.*cursor.*link.*offset/);
  assert.match(await failure("{ endpoint: '/c', paginate: { type: 'cursor', cursor_name_in_request: 'a' } }"), /cursor_path_in_response/);
  assert.match(await failure("{ endpoint: '/c', paginate: { type: 'cursor', cursor_path_in_response: 'a' } }"), /cursor_name_in_request/);
  assert.match(await failure(`{ endpoint: '/c', paginate: { ${CURSOR}, limit: 1 } }`), /limit_name_in_request/);
  assert.match(await failure("{ endpoint: '/c', paginate: { type: 'link' } }"), /link_rel_in_response_header or link_path_in_response_body/);
  assert.match(await failure("{ endpoint: '/c', paginate: { type: 'offset' } }"), /offset_name_in_request/);
});

test('query text as params, and leaving early', async () => {
  const engine = await boot({ host: answering({ json: { items: [1], next: 'b' } }) });
  await engine.action(`for await (const page of nango.paginate({ endpoint: '/c', params: 'a=1&b=x%20y', paginate: { ${CURSOR} } })) break;`);
  assert.deepEqual(engine.http().map(({ args }) => args.params), [{ a: '1', b: 'x y' }]);
});
