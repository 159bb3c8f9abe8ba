import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyChanges, at, changes, type Json, type JsonObject, mergePatch, parse, placeOf, print, reset, set } from './document';
import { merge } from './merge';
import { layerAt, layersOf, over } from './layers';
import { formSchema, unknownPaths } from './schema';

const key = fc.constantFrom('a', 'b', 'c/d', 'e~f', 'field mapping');
const value: fc.Arbitrary<Json> = fc.letrec<{ any: Json }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>('x', 'cf_1', 0, 1.5, true, false, null, [], ['x', 1]),
    fc.dictionary(key, tie('any'), { maxKeys: 3, noNullPrototype: true }) as fc.Arbitrary<Json>,
  ),
})).any;
const document = fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<JsonObject>;
/** Without empty objects, which a reset takes away with the last key. */
const full = document.map((one) => JSON.parse(JSON.stringify(one)) as JsonObject).filter((one) => !print(one).includes('{}'));

describe('a document', () => {
  test('has after an edit what was set, and every other value as it was', () => {
    fc.assert(
      fc.property(document, fc.array(key, { minLength: 1, maxLength: 3 }), value, (start, path, wanted) => {
        const text = set(print(start), path, wanted);
        expect(at(parse(text).value, path)).toEqual(wanted);
        const others = changes(start, parse(text).value).filter(({ path: changed }) => changed[0] !== path[0]);
        expect(others).toEqual([]);
      }),
    );
  });

  test('is the same text again after a new key is set and reset', () => {
    fc.assert(
      fc.property(full, fc.array(key, { maxLength: 2 }), value, (start, above, wanted) => {
        const path = [...above.map((one) => `new ${one}`), 'new'];
        const text = print(start);
        expect(parse(reset(set(text, path, wanted), path)).value).toEqual(start);
        if (Object.keys(start).length > 0) expect(reset(set(text, path, wanted), path)).toBe(text);
      }),
    );
  });

  test('becomes the other one by the leaves that differ', () => {
    fc.assert(
      fc.property(full, full, (before, after) => {
        expect(parse(applyChanges(print(before), before, after)).value).toEqual(after);
      }),
    );
  });

  test('keeps formatting and order of what an edit does not touch', () => {
    const text = '{\n    "z": { "b":1, "a": [1,2] },\n    "other":   "kept"\n}';
    expect(set(text, ['z', 'b'], 2)).toBe('{\n    "z": { "b":2, "a": [1,2] },\n    "other":   "kept"\n}');
    expect(placeOf(text, ['z', 'a'])).toEqual({ from: 20, to: 30 });
  });

  test('tells where a text is broken', () => {
    const { problem } = parse('{\n  "a": 1\n  "b": 2\n}');
    expect(problem).toMatchObject({ line: 3, column: 3, what: 'a comma is missing' });
  });

  test('is changed by its merge patch as by the change itself', () => {
    fc.assert(
      fc.property(full, full, (before, after) => {
        const patch = mergePatch(before, after);
        if (patch) expect(patched(before, patch)).toEqual(after);
      }),
    );
  });
});

describe('two editors', () => {
  test('lose nothing, whoever comes second', () => {
    fc.assert(
      fc.property(full, full, full, (base, theirs, mine) => {
        const one = merge(base, theirs, mine);
        const other = merge(base, mine, theirs);
        expect(one.conflicts.map(({ path }) => path.join()).sort()).toEqual(other.conflicts.map(({ path }) => path.join()).sort());
        if (one.conflicts.length === 0) expect(one.document).toEqual(other.document);
      }),
    );
  });

  test('who changed nothing gets the other one', () => {
    fc.assert(
      fc.property(full, full, (base, changed) => {
        expect(merge(base, changed, base).document).toEqual(changed);
        expect(merge(base, base, changed).document).toEqual(changed);
      }),
    );
  });

  test('choose only where both changed the same value', () => {
    const base = { map: { a: 'x', b: 'y' }, other: 1 };
    const { document: merged, taken, conflicts } = merge(base, { map: { a: 'theirs', b: 'new' }, other: 1 }, { map: { a: 'mine', b: 'y' }, other: 2 });
    expect(merged).toEqual({ map: { a: 'mine', b: 'new' }, other: 2 });
    expect(taken).toEqual([['map', 'b']]);
    expect(conflicts).toEqual([{ path: ['map', 'a'], base: 'x', theirs: 'theirs', mine: 'mine' }]);
  });
});

describe('layers and schema', () => {
  const declared = {
    allOf: [{ $ref: '#/definitions/Config' }],
    definitions: {
      Config: {
        type: 'object',
        properties: {
          mapping: { type: 'object', properties: { id: { type: 'string' }, team: { type: 'string', default: 'team' } } },
          limit: { anyOf: [{ type: 'integer' }, { type: 'null' }], default: 50, title: 'Limit' },
        },
      },
    },
  };
  const { schema, uiSchema } = formSchema(declared, { mapping: { optionsFrom: 'fields' } });

  test('the later layer decides, and the badge names it', () => {
    const layers = layersOf({ properties: { mapping: declared.definitions.Config.properties.mapping, limit: { default: 50 } } }, { mapping: { id: 'std' } });
    const own = { mapping: { team: 'cf' } };
    expect(over(layers.inherited, own)).toEqual({ mapping: { id: 'std', team: 'cf' }, limit: 50 });
    expect([['mapping', 'id'], ['mapping', 'team'], ['limit'], ['nothing']].map((path) => layerAt(path, own, layers))).toEqual([
      'integration',
      'customer',
      'default',
      'none',
    ]);
  });

  test('without a customer a mapping is a group of texts', () => {
    const alone = formSchema(declared, { mapping: { optionsFrom: 'fields' } }, { hasCustomer: false });
    expect(alone.uiSchema.mapping['ui:field']).toBeUndefined();
    expect(alone.hints.get('/mapping')).toEqual({});
  });

  test('the form gets no defaults, a mapping its field, and strange keys stay apart', () => {
    expect(JSON.stringify(schema)).not.toContain('default');
    expect(schema.properties?.limit).toMatchObject({ type: 'integer', title: 'Limit' });
    expect(uiSchema.mapping['ui:field']).toBe('mapping');
    expect(unknownPaths(schema, { mapping: { id: 'x', odd: 1 }, note: 'kept' })).toEqual([['mapping', 'odd'], ['note']]);
  });
});

function patched(target: Json | undefined, patch: Json): Json {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const out: JsonObject = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [name, inner] of Object.entries(patch)) {
    if (inner === null) delete out[name];
    else out[name] = patched(out[name], inner);
  }
  return out;
}
