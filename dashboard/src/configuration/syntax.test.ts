import { describe, expect, test } from 'vitest';
import { syntaxProblem, syntaxWords } from './syntax';

const said = (text: string, kind?: 'any') => {
  const problem = syntaxProblem(text, kind);
  return problem && syntaxWords(problem);
};

describe('a text that is no JSON', () => {
  test('is told by the first character that cannot stand where it is', () => {
    expect(said('{\n  "a": { "b": 1 }\n  "c": 2\n}')).toBe('Line 3, column 3: a comma is missing');
    expect(said('{\n  "a" 1\n}')).toBe('Line 2, column 7: a colon is missing');
    expect(said('{\n  "a": 1,\n}')).toBe('Line 2, column 9: there is a comma too many');
    expect(said('{ "a": 1')).toBe('Line 1, column 9: the closing } is missing');
    expect(said('{ "a": "\t" }')).toBe('Line 1, column 8: this character is not allowed here');
    expect(said('')).toBe('Line 1, column 1: a value is missing');
    expect(said('{ "a": [1, 2], "b": null }')).toBeUndefined();
  });

  test('may be no object only where any kind is asked for', () => {
    expect(said('[1]')).toBe('Line 1, column 1: it has to be an object: { … }');
    expect(said('[1]', 'any')).toBeUndefined();
    expect(said('[1', 'any')).toBe('Line 1, column 3: the closing ] is missing');
  });
});
