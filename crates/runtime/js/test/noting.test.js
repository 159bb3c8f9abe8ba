import assert from 'node:assert/strict';
import test from 'node:test';
import util from 'node:util';
import * as lodash from 'es-toolkit/compat';
import { z } from 'zod';
import { setNative } from '../src/native.js';
import { noting } from '../src/noting.js';
import { boot } from './support/engine.js';

const TEXT = '{"mapping":{"internal_id":"cf_1","deep":{"a":{"b":1}}},"list":[{"x":1},2],"flag":false,"nothing":null,"empty":{},"a/b~c":1}';
const LEAVES = ['/a~1b~0c', '/empty', '/flag', '/list', '/mapping/deep/a/b', '/mapping/internal_id', '/nothing'];

/** The innermost paths that a function reads of a document. */
const reads = (read, { text = TEXT, most = 500 } = {}) => {
  const seen = new Set();
  setNative({ noteRead: (path) => seen.has(path) || (seen.size < most && Boolean(seen.add(path))) });
  read(noting(JSON.parse(text)));
  const all = [...seen];
  return all.filter((path) => !all.some((other) => other.startsWith(`${path}/`))).sort();
};

test('what is looked at is noted, also where nothing is', () => {
  for (const [read, paths] of [
    [() => {}, []],
    [(metadata) => metadata.flag, ['/flag']],
    [(metadata) => metadata.mapping.internal_id, ['/mapping/internal_id']],
    [(metadata) => metadata.mapping?.deep.a, ['/mapping/deep/a']],
    [(metadata) => metadata.mapping.none ?? metadata.none?.at.all, ['/mapping/none', '/none']],
    [(metadata) => 'flag' in metadata && Object.hasOwn(metadata, 'none'), ['/flag', '/none']],
    [({ flag, mapping: { internal_id: id }, ...rest }) => [flag, id, rest], ['/a~1b~0c', '/empty', '/flag', '/list', '/mapping/internal_id', '/nothing']],
    [(metadata) => metadata.list.map((item) => item.x), ['/list']],
    [(metadata) => metadata.empty.more, ['/empty/more']],
    [(metadata) => metadata['a/b~c'], ['/a~1b~0c']],
    [(metadata) => JSON.stringify(metadata), LEAVES],
    [(metadata) => Object.entries(metadata.mapping.deep), ['/mapping/deep/a']],
    [(metadata) => z.object({ flag: z.boolean(), mapping: z.object({ internal_id: z.string(), other: z.string().optional() }) }).parse(metadata), ['/flag', '/mapping/internal_id', '/mapping/other']],
    [(metadata) => [`${metadata}`, metadata.toString(), metadata.hasOwnProperty, metadata.then, metadata.toJSON, lodash.isEmpty(metadata.mapping.deep.a), Promise.resolve(metadata)], ['/mapping/deep/a/b']],
    // What it wrote itself is no configuration.
    [(metadata) => { metadata.flag = { own: 1 }; delete metadata.nothing; Object.defineProperty(metadata, 'mine', { value: 1 }); return [metadata.flag.own, metadata.nothing, metadata.mine]; }, []],
    [(metadata) => Object.create(metadata).flag, ['/flag']],
  ]) assert.deepEqual(reads(read), paths, `${read}`);
});

test('notes have an end, and what is not noted works all the same', () => {
  const text = JSON.stringify(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, { a: index }])));
  let sum = 0;
  const noted = reads((metadata) => {
    for (let round = 0; round < 2; round += 1) for (let index = 0; index < 20; index += 1) sum += metadata[`k${index}`].a;
    assert.equal(metadata.k19, metadata.k19);
    assert.deepEqual(Object.keys(Object.freeze(metadata)).length, 20);
    assert.equal(Object.isFrozen(metadata), true);
  }, { text, most: 7 });
  assert.equal(sum, 380);
  assert.deepEqual(noted, ['/k0/a', '/k1/a', '/k2/a', '/k3']);
});

test('it is to a function what the plain object is', () => {
  setNative({ noteRead: () => true });
  for (const use of [
    (m) => m, (m) => ({ ...m }), (m) => JSON.stringify(m), (m) => JSON.stringify([m.mapping], null, 2), (m) => Object.keys(m),
    (m) => Object.entries(m), (m) => Object.values(m.mapping), (m) => Reflect.ownKeys(m), (m) => Object.getOwnPropertyDescriptors(m),
    (m) => { const keys = []; for (const key in m) keys.push(key); return keys; },
    (m) => ['flag' in m, 'none' in m, 'toString' in m, m.none, m.toString()], (m) => [Array.isArray(m), Array.isArray(m.list), m.list.length, ...m.list],
    (m) => m.list.concat([3]).filter(Boolean).reverse(), (m) => structuredClone(JSON.parse(JSON.stringify(m))), (m) => util.inspect(m, { depth: 9 }),
    (m) => [typeof m, m instanceof Object, Object.prototype.toString.call(m), Object.getPrototypeOf(m) === Object.prototype],
    (m) => [m === m, m.mapping === m.mapping, m.mapping.deep === { ...m.mapping }.deep, m.list === m.list],
    (m) => lodash.get(m, 'mapping.deep.a.b'), (m) => lodash.merge({ mapping: { more: 1 } }, m), (m) => lodash.cloneDeep(m), (m) => lodash.pick(m, ['flag', 'mapping.internal_id']),
    (m) => lodash.mapValues(m, (value) => typeof value), (m) => lodash.isPlainObject(m), (m) => lodash.isEqual(m, JSON.parse(TEXT)), (m) => lodash.set(m, 'mapping.deep.a.c', 2),
    (m) => z.looseObject({ mapping: z.looseObject({}) }).parse(m), (m) => z.object({ flag: z.boolean().default(true), extra: z.string().default('x') }).parse(m),
    (m) => z.record(z.string(), z.any()).parse(m), (m) => z.strictObject({ flag: z.boolean() }).safeParse(m).error.issues,
    (m) => { m.mapping.internal_id = 'own'; m.added = { b: 1 }; delete m.flag; m.mapping.deep = m.added; return [m, m.mapping.deep === m.added]; },
    (m) => Object.assign(m, { flag: 1 }, m.mapping), (m) => Object.assign(m.mapping, { deep: 5 }),
    (m) => { 'use strict'; Object.freeze(m); try { m.flag = 1; } catch (error) { return [error.name, m.flag, m.mapping.internal_id, Object.isFrozen(m), Object.isFrozen(m.mapping)]; } },
    (m) => { Object.seal(m.mapping); delete m.mapping?.none; return [Object.isSealed(m.mapping), m.mapping.deep.a.b, { ...m.mapping }]; },
    (m) => { Object.defineProperty(m, 'twice', { get() { return this.list.length * 2; } }); return m.twice; },
    (m) => { const child = Object.create(m); child.flag = 'own'; return [child.flag, m.flag, Object.keys(child)]; },
  ]) {
    const result = (document) => { try { return use(document); } catch (error) { return `threw ${error.message}`; } };
    const plain = result(JSON.parse(TEXT));
    assert.deepStrictEqual(result(noting(JSON.parse(TEXT))), plain, `${use}`);
  }
  for (const other of [null, undefined, 5, 'text', [1]]) assert.equal(noting(other), other);
  assert.equal(Object.getPrototypeOf(noting({})), Object.prototype);
});

test('the run notes what it reads of its metadata, of its connection and of what it wrote', async () => {
  const metadata = { team: { name: 'blue', size: 3 }, fieldMapping: { a: 'b' }, other: 1 };
  const engine = await boot({ context: { metadata }, host: (op, args, body) => ({ head: op === 'get_connection' ? { metadata } : JSON.parse(body ?? 'null') }) });
  const answer = await engine.action(`
    const first = await nango.getMetadata();
    const { metadata } = await nango.getConnection();
    console.log('%s', first.team.name);
    const fields = await nango.getFieldMapping();
    await nango.setMetadata({ own: { x: 1 } });
    return [structuredClone(first.team), metadata.other, fields, (await nango.getMetadata()).own.x, (await nango.getConnection('crm', 'other')).metadata.team];
  `);
  assert.deepEqual(answer, [{ name: 'blue', size: 3 }, 1, { a: 'b' }, 1, { name: 'blue', size: 3 }]);
  assert.deepEqual([...engine.reads].sort(), ['/fieldMapping', '/fieldMapping/a', '/other', '/own', '/own/x', '/team', '/team/name', '/team/size']);
  assert.deepEqual((await boot({ context: { metadata: null } })).reads.size, 0);
});

test('templates of requests read the configuration too', async () => {
  const engine = await boot({ host: () => ({ head: { status: 200, headers: [] }, body: '{}' }) });
  await engine.action(`
    await nango.get({ endpoint: '/\${metadata.region.code}/x/\${connectionId}', headers: { 'X-A': 'a \${metadata.tenant} \${metadata.' } });
    await nango.get({ endpoint: '/\${metadata.other}', connectionId: 'other', providerConfigKey: 'crm' });
  `);
  assert.deepEqual([...engine.reads].sort(), ['/region/code', '/tenant']);
});
