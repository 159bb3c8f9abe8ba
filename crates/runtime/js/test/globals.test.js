import assert from 'node:assert/strict';
import { Buffer as NodeBuffer } from 'node:buffer';
import * as nodeCrypto from 'node:crypto';
import test from 'node:test';
import { boot } from './support/engine.js';

/** Evaluates an expression in the sandbox and in Node: both must give the same. */
async function sameAsNode(expressions, imports = '') {
  const engine = await boot();
  for (const expression of expressions) {
    const wrapped = `(() => { try { return ${expression} } catch (error) { return { thrown: error.name, code: error.code } } })()`;
    const ours = await engine.run('script', `${imports} export default () => (${wrapped})`);
    const theirs = new Function('Buffer', 'crypto', `return ${wrapped}`)(NodeBuffer, nodeCrypto);
    assert.deepEqual(ours, JSON.parse(JSON.stringify(theirs) ?? 'null'), expression);
  }
}

test('URLSearchParams is the standard one', async () => {
  const list = (code) => `(() => { const p = ${code}; return [[...p], p.toString(), p.size] })()`;
  await sameAsNode([
    ...["'a=1&b=2&a=3'", "'?a=1&&=&b'", "'a=b=c&%zz=%41%&x=%ff%c3%a9'", "'a+b=c%20d%2B'", "{ a: 1, 'b c': 'é&=' }", "[['a', 1], ['a', '~!*()\\'-._ \\u{1f600}']]", 'new Map([["k", "v"]])',
      "new URLSearchParams('x=1')", 'undefined', "''", "'\\ud800=1'"].map((init) => list(`new URLSearchParams(${init})`)),
    "(() => { const p = new URLSearchParams('b=1&a=2&b=3&c=4'); p.sort(); p.append('z', 'é'); p.set('b', 9); p.set('n', 1); p.delete('c'); p.delete('a', '9'); return [p.toString(), p.get('b'), p.getAll('b'), p.has('a'), p.has('a', '3'), p.get('no'), [...p.keys()], [...p.values()], [...p.entries()]] })()",
    "(() => { const seen = []; new URLSearchParams('a=1&b=2').forEach((v, k) => seen.push([v, k])); return seen })()",
    "new URLSearchParams([['a']])",
    "Object.prototype.toString.call(new URLSearchParams())",
    "Object.keys(new URLSearchParams('a=1'))",
  ]);
});

test('URL is the standard one', async () => {
  const parts = 'const { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash } = u; return { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash }';
  await sameAsNode([
    `(() => { const u = new URL('https://u:p@Example.com:8443/a/../b?x=1&y=é#h'); ${parts} })()`,
    `(() => { const u = new URL('../c?d', 'https://example.com/a/b/'); u.pathname = '/p q'; u.search = '?a=1'; u.hash = 'x'; u.port = '81'; u.protocol = 'http'; u.hostname = 'h.io'; u.username = 'me'; u.password = 'pw'; ${parts} })()`,
    `(() => { const u = new URL('https://e.com/?a=1'); u.searchParams.append('b', '2 3'); u.searchParams.delete('a'); const first = u.search; u.search = '?z=9'; const z = u.searchParams.get('z'); u.href = 'https://x.y/?q=1'; return [first, z, u.searchParams.get('q'), u.searchParams === u.searchParams, JSON.stringify({ u }), String(u)] })()`,
    "(() => { const u = new URL('https://e.com/?a'); u.searchParams.delete('a'); return u.href })()",
    "new URL('nope')", "new URL('/x', 'nope')", "[URL.canParse('a:b'), URL.canParse('b'), URL.canParse('b', 'https://x.y')]",
    "(() => { const u = new URL('https://e.com'); u.host = ''; u.port = 'x'; return u.href })()",
    'Object.prototype.toString.call(new URL("a:b"))',
  ]);
  const engine = await boot();
  assert.deepEqual(await engine.action("return [URL.parse('x'), URL.parse('https://a.b').href]"), [null, 'https://a.b/']);
});

test('text and base64', async () => {
  await sameAsNode([
    "[...new TextEncoder().encode('aé€😀\\ud800')]", "new TextEncoder().encode().length",
    "(() => { const d = new Uint8Array(5); const r = new TextEncoder().encodeInto('a€😀', d); return [r, [...d]] })()",
    "new TextDecoder().decode(new Uint8Array([239, 187, 191, 97, 255]))",
    "new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([239, 187, 191, 97])).length",
    "(() => { const d = new TextDecoder(); return [d.decode(new Uint8Array([226, 130]), { stream: true }), d.decode(new Uint8Array([172, 240, 159]), { stream: true }), d.decode(new Uint8Array([152, 128])), d.decode(new Uint8Array([226]))] })()",
    "(() => { const d = new TextDecoder('utf-16le'); return [d.decode(new Uint8Array([97]), { stream: true }), d.decode(new Uint8Array([0, 98, 0]))] })()",
    "new TextDecoder('latin1').decode(new Uint8Array([233]).buffer)", "new TextDecoder('latin1').encoding", "new TextDecoder('UTF8').encoding",
    "new TextDecoder().decode(new DataView(new Uint8Array([0, 97]).buffer, 1))",
    "btoa('hé\\u0000')", "btoa('')", "['', 'YQ==', 'YWI', ' Y W J j ', 'AAECAw=='].map((text) => atob(text))",
    "(() => { let s = ''; for (let i = 0; i < 256; i++) s += String.fromCharCode(i); return atob(btoa(s)) === s })()",
  ]);
  const engine = await boot();
  const name = async (code) => engine.action(`try { ${code} } catch (error) { return error.name }`);
  assert.equal(await name("new TextDecoder('nonsense')"), 'RangeError');
  assert.equal(await name("new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255]))"), 'TypeError');
  assert.equal(await name("btoa('€')"), 'InvalidCharacterError');
  for (const text of ['a', '*AAA', 'AA=A', 'YQ=', '====']) assert.equal(await name(`atob('${text}')`), 'InvalidCharacterError', text);
});

test('Buffer is Node’s, with base64url', async () => {
  await sameAsNode([
    "Buffer.from('aé€😀').toJSON()", "Buffer.from('w6k_-w', 'base64url').toString('hex')", "Buffer.from('é>>>???', 'utf8').toString('base64url')",
    "Buffer.from('é>>>???').toString('base64')", "Buffer.from('c3a9', 'hex').toString()", "Buffer.from([104, 105]).toString('latin1')", "Buffer.from('hi').equals(Buffer.from([104, 105]))",
    "Buffer.concat([Buffer.from('a'), Buffer.from('b')]).toString()", "Buffer.byteLength('é')", "Buffer.byteLength('w6k', 'base64url')", "Buffer.isEncoding('base64url')", "Buffer.isEncoding('nope')",
    "Buffer.isBuffer(Buffer.alloc(2))", "Buffer.isBuffer(new Uint8Array(2))", "Buffer.from('hello').subarray(1, 3).toString()", "Buffer.from('hello').toString('utf8', 1, 3)", "Buffer.from('hello').slice(1).toString('base64')",
    "Buffer.alloc(4, 'w6k', 'base64url').toString('hex')", "(() => { const b = Buffer.alloc(4); b.write('w6k', 0, 'base64url'); return b.toString('hex') })()", "Buffer.from('abcabc').indexOf('c', 3)",
    "Buffer.from('abcabc').includes('YmM', 0, 'base64url')", "Buffer.from(new Uint8Array([1, 2]).buffer).length", "JSON.stringify(Buffer.from('a'))", "Buffer.from('\\ufeffa').toString().length", "Buffer.from('').toString()",
    "Buffer.from([255]).toString()", "Buffer.from('é', 'utf16le').toString('hex')", "Buffer.from('a') instanceof Uint8Array", "Buffer.compare(Buffer.from('a'), Buffer.from('b'))", "Buffer.from('abc').readUInt16BE(1)",
  ]);
  const engine = await boot();
  assert.equal(await engine.run('script', "import { Buffer as B } from 'node:buffer'; export default () => B === Buffer"), true);
});

test('crypto gives what Node gives', async () => {
  const imports = "import crypto from 'node:crypto';";
  await sameAsNode([
    ...['md5', 'sha1', 'SHA256', 'sha384', 'sha512', 'RSA-SHA256'].map((name) => `crypto.createHash('${name}').update('aé').update(Buffer.from([1])).digest('hex')`),
    ...['hex', 'base64', 'base64url', 'latin1', 'binary', undefined].map((encoding) => `crypto.createHmac('sha256', 'key').update('data').digest(${JSON.stringify(encoding)})`),
    "crypto.createHash('sha256').update('616263', 'hex').digest('hex')", "crypto.createHash('sha256').digest('hex')", "crypto.createHmac('sha1', Buffer.from('k')).update(new Uint8Array([1, 2, 3]).subarray(1)).digest('hex')",
    "(() => { const h = crypto.createHash('md5').update('a'); const c = h.copy(); return [h.digest('hex'), c.update('b').digest('hex')] })()",
    "(() => { const b = Buffer.from('a'); const h = crypto.createHash('md5').update(b); b[0] = 0; return h.digest('hex') })()",
    "(() => { const h = crypto.createHash('md5'); h.digest(); return h.digest() })()", "crypto.createHash('md5').update(5)",
    "crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('a'))", "crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('b'))", "crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('ab'))",
    "/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())", "crypto.randomBytes(7).length", "crypto.randomBytes(-1)", "Buffer.isBuffer(crypto.randomBytes(1))",
    "Array.from({ length: 50 }, () => crypto.randomInt(3)).every((n) => n >= 0 && n < 3)", "crypto.randomInt(5, 6)", "crypto.randomInt(5, 5)",
    "crypto.getRandomValues(new Uint32Array(3)).length",
  ], imports);
  const engine = await boot();
  assert.equal(await engine.action('return typeof crypto.randomUUID() + crypto.getRandomValues(new Uint8Array(2)).length'), 'string2');
  assert.equal(await engine.run('script', "import { createHash } from 'crypto'; import d, { randomUUID } from 'node:crypto'; export default () => createHash('md5').update('a').digest('hex') + (d.randomUUID === randomUUID)"), `${nodeCrypto.createHash('md5').update('a').digest('hex')}true`);
  assert.match((await engine.failure("(await import('node:crypto')).createHash('ripemd160')").catch((error) => ({ message: String(error) }))).message, /Digest method not supported|dynamic import/);
});

test('the module url has the classes of the globals', async () => {
  const engine = await boot();
  assert.deepEqual(await engine.run('script', "import url, { URL as U, URLSearchParams as P, urlToHttpOptions } from 'node:url'; export default () => [U === URL, P === URLSearchParams, url.URL === URL, urlToHttpOptions(new URL('https://a:b@c.d:1/e?f')).path]"), [true, true, true, '/e?f']);
});

test('timers', async () => {
  const engine = await boot();
  assert.deepEqual(await engine.action(`
    const seen = [];
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    setTimeout((...args) => seen.push(['timeout', ...args]), 1, 'a', 'b');
    setImmediate(() => seen.push('immediate'));
    clearTimeout(setTimeout(() => seen.push('never'), 1));
    clearTimeout(Number(setTimeout(() => seen.push('never'), 1)));
    let ticks = 0;
    const ticked = new Promise((resolve) => {
      const interval = setInterval(() => { ticks += 1; if (ticks === 3) resolve(clearInterval(interval)) }, 1);
    });
    queueMicrotask(() => seen.push('microtask'));
    await ticked;
    await wait(10);
    clearTimeout(undefined); clearTimeout(null); clearTimeout(12345);
    const timer = setTimeout(() => {}, 5).unref().ref();
    return { first: seen[0], rest: seen.slice(1).map(String).sort(), ticks, ref: timer.hasRef() };
  `), { first: 'microtask', rest: ['immediate', 'timeout,a,b'], ticks: 3, ref: true });
  for (const delay of ['undefined', '-5', 'NaN', "'1'", 'Infinity']) await engine.action(`await new Promise((resolve) => setTimeout(resolve, ${delay}))`);
  assert.match((await engine.failure("setTimeout('code')")).message, /must be a function/);
});

test('performance.now moves on', async () => {
  const engine = await boot();
  assert.equal(await engine.action('const start = performance.now(); await new Promise((r) => setTimeout(r, 5)); const d = performance.now() - start; return start >= 0 && d > 3 && d < 1000 && performance.timeOrigin > 1e12'), true);
});

test('console lines become log lines', async () => {
  const lines = async (code, context) => {
    const engine = await boot({ context });
    await engine.action(code);
    return engine.logs.map(({ level, message }) => `${level} ${message}`);
  };
  assert.deepEqual(await lines("console.debug(1); console.log('a', 2); console.info(true); console.warn(null); console.error(undefined)"), ['debug 1', 'info a 2', 'info true', 'warn null', 'error undefined']);
  assert.deepEqual(await lines("console.debug('x'); console.warn('y')", { logger_level: 'warn' }), ['warn y']);
  for (const [values, line] of [
    ["'%s is %d%% of %i, %j %o %c!', 'x', 1.5, 7.9, { a: 1 }, [1], 'css', 'rest'", 'x is 1.5% of 7, { a: 1 } [ 1 ] ! rest'],
    ["'100%', 1", '100% 1'],
    ["'%x %s'", '%x %s'],
    ["{ a: 'x', 'b-c': [undefined, null, -0, 1n], e: class E {} }", '{ a: "x", "b-c": [ undefined, null, -0, 1n ], e: [class: E] }'],
    ["{ long: 'x'.repeat(40), other: 'y'.repeat(40) }", `{\n  long: "${'x'.repeat(40)}",\n  other: "${'y'.repeat(40)}"\n}`],
    ['new Map([["k", { a: 1 }]]), new Set([1])', 'Map(1) { "k" => { a: 1 } } Set(1) { 1 }'],
    ['[], {}, new Date(0), /x/g, new Uint8Array(3), Buffer.from("ab"), Promise.resolve()', '[] {} 1970-01-01T00:00:00.000Z /x/g Uint8Array(3) Buffer(2) Promise {}'],
    ['new (class Contact { id = 1 })(), Object.create(null)', 'Contact { id: 1 } {}'],
    ['(() => { const a = { n: 1 }; a.self = a; return a })()', '{ n: 1, self: [Circular] }'],
    ['{ a: { b: { c: { d: { e: 1 } } } } }', '{ a: { b: { c: { d: [Object] } } } }'],
    ['Array.from({ length: 150 }, (_, i) => i).length', '150'],
    ["new URL('https://a.b/c'), new URLSearchParams('a=1')", 'URL { https://a.b/c } URLSearchParams { a=1 }'],
    ['nango.nothing, () => {}, function named() {}', 'undefined [Function (anonymous)] [Function: named]'],
    ["new Proxy({}, { ownKeys() { throw 1 } })", '[unreadable object]'],
    ['{ get bad() { throw 1 } }', '{ bad: undefined }'],
  ]) {
    const [shown] = await lines(`console.log(${values})`);
    assert.equal(shown, `info ${line}`, values);
  }
  const [error] = await lines("console.error(new TypeError('bad', { cause: new Error('why') }))");
  assert.match(error, /^error TypeError: bad\n[^]*function\.js[^]*\[cause\]: Error: why/);
  assert.ok((await lines("console.log(Array.from({ length: 1e5 }, () => 'x'.repeat(1e4)))"))[0].length < 12_000);
  assert.deepEqual(await lines("console.group('g'); console.log('a\\nb'); console.groupEnd(); console.count(); console.count(); console.assert(1, 'no'); console.assert(0, 'yes'); console.dir({ a: 1 })"), [
    'info g', 'info   a\n  b', 'info default: 1', 'info default: 2', 'error Assertion failed: yes', 'info { a: 1 }',
  ]);
  assert.match((await lines("console.time('t'); console.timeEnd('t')"))[0], /^info t: \d+\.\d{3} ms$/);
});
