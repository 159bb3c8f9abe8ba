// What is wrong with a text that should be JSON, in words and with the place.
import { parseTree, type ParseError, printParseErrorCode } from 'jsonc-parser';

/** The first mistake of a text. */
export interface SyntaxProblem {
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  offset: number;
  /** "a comma is missing" */
  what: string;
}

const words: Record<string, string> = {
  InvalidSymbol: 'this is no value; text needs double quotes',
  InvalidNumberFormat: 'this is no number',
  PropertyNameExpected: 'a name in double quotes is missing',
  ValueExpected: 'a value is missing',
  ColonExpected: 'a colon is missing',
  CommaExpected: 'a comma is missing',
  CloseBraceExpected: 'the closing } is missing',
  CloseBracketExpected: 'the closing ] is missing',
  EndOfFileExpected: 'nothing may follow here',
  InvalidCommentToken: 'comments are not allowed in JSON',
  UnexpectedEndOfComment: 'comments are not allowed in JSON',
  UnexpectedEndOfString: 'the closing quote is missing',
  UnexpectedEndOfNumber: 'this number has no end',
  InvalidUnicode: 'this \\u has to be followed by four hexadecimal digits',
  InvalidEscapeCharacter: 'this may not follow a backslash',
  InvalidCharacter: 'this character is not allowed here',
};

/**
 * The first mistake in a text that should be a JSON object, or JSON of `any` kind; undefined where there is none.
 * Its place is that of the first character that cannot stand where it is, as every parser tells it.
 */
export function syntaxProblem(text: string, kind: 'object' | 'any' = 'object'): SyntaxProblem | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return firstMistake(text);
  }
  if (kind === 'any' || (typeof value === 'object' && value !== null && !Array.isArray(value))) return undefined;
  return { line: 1, column: 1, offset: 0, what: 'it has to be an object: { … }' };
}

function firstMistake(text: string): SyntaxProblem {
  const errors: ParseError[] = [];
  parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const [first] = errors;
  if (!first) return { ...lineAndColumn(text, 0), offset: 0, what: 'this is no JSON' };
  // Of `{"a": 1,}` a parser says that a name is missing; people see a comma that may not be there.
  const before = text.slice(0, first.offset).trimEnd();
  if (before.endsWith(',') && /^[}\]]/.test(text.slice(first.offset))) {
    return { ...lineAndColumn(text, before.length - 1), offset: before.length - 1, what: 'there is a comma too many' };
  }
  const what = words[printParseErrorCode(first.error)] ?? 'this is no JSON';
  return { ...lineAndColumn(text, first.offset), offset: first.offset, what };
}

/** Line and column of an offset, both from 1. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** "Line 4, column 12: a comma is missing" */
export const syntaxWords = ({ line, column, what }: SyntaxProblem) => `Line ${line}, column ${column}: ${what}`;
