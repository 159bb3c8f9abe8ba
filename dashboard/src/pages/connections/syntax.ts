// What is wrong with a text that should be JSON, in words and with the place.
import { parse, parseTree, type ParseError, printParseErrorCode } from 'jsonc-parser';

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

/** Mistakes that belong behind what comes before them: there it has to be typed. */
const behind = new Set(['CommaExpected', 'ColonExpected', 'ValueExpected']);

/** The first mistake in a JSON object, or `undefined` where there is none. */
export function syntaxProblem(text: string): SyntaxProblem | undefined {
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  const [first] = errors;
  if (first) {
    let offset = first.offset;
    const code = printParseErrorCode(first.error);
    let what = words[code] ?? code;
    if (behind.has(code)) offset = text.slice(0, offset).trimEnd().length;
    // jsonc-parser says of `{"a": 1,}` that a name is missing; people see a comma too many.
    const before = text.slice(0, first.offset).trimEnd();
    if (before.endsWith(',') && /^[}\]]/.test(text.slice(first.offset))) {
      offset = before.length - 1;
      what = 'there is a comma too many';
    }
    return { ...placeOf(text, offset), offset, what };
  }
  if (parseTree(text)?.type !== 'object') return { line: 1, column: 1, offset: 0, what: 'it has to be an object: { … }' };
  return undefined;
}

/** Line and column of an offset, both from 1. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}

/** "Line 4, column 12: a comma is missing" */
export const syntaxText = ({ line, column, what }: SyntaxProblem) => `Line ${line}, column ${column}: ${what}`;
