import { describe, expect, it } from 'vitest';
import { adopt } from './adopt';
import { conditionText, filterOf, pointer, readSearch } from './search';

describe('a conflict', () => {
  it('brings their changes into my text, keeps mine, and tells where both changed the same', () => {
    const base = '{\n  "stage": "a",\n  "region": "eu",\n  "old": 1\n}';
    const mine = '{\n  "stage": "mine",\n  "region": "eu",\n  "old": 1,\n  "new": [1,2]\n}';
    const { text, kept, base: theirs } = adopt(base, mine, [
      { op: 'replace', path: '/stage', value: 'theirs' },
      { op: 'replace', path: '/region', value: 'us' },
      { op: 'remove', path: '/old' },
    ]);
    expect(JSON.parse(text)).toEqual({ stage: 'mine', region: 'us', new: [1, 2] });
    expect(JSON.parse(theirs)).toEqual({ stage: 'theirs', region: 'us' });
    expect(kept).toEqual(['stage']);
    expect(text).toContain('[1,2]');
  });
});

describe('the list’s address', () => {
  it('is read without what makes no sense', () => {
    expect(readSearch({ q: 42, status: 'nonsense', tag: 'plan:pro', op: 'like', sort: 'status' })).toEqual({ q: '42', tag: ['plan:pro'], sort: 'status' });
  });

  it('becomes what the API is asked for', () => {
    const filter = filterOf({ tag: ['url:https://a.example'], path: pointer('fieldMapping.stage'), op: 'is', value: 'x' });
    expect(filter.tags).toEqual([['url', 'https://a.example']]);
    expect(filter.condition).toEqual({ path: '/fieldMapping/stage', op: 'is', value: 'x' });
    expect(conditionText(filter.condition!)).toBe('fieldMapping.stage is x');
  });
});
