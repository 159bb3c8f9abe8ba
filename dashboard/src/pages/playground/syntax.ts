import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { placeOf, syntaxProblem, syntaxText } from '../connections/syntax';

/** What is wrong with a text that should be JSON of any type, in words. */
export function syntaxOf(text: string): string | undefined {
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true });
  if (!errors[0]) return undefined;
  const known = syntaxProblem(text);
  if (known) return syntaxText(known);
  const { line, column } = placeOf(text, errors[0].offset);
  return `Line ${line}, column ${column}: ${printParseErrorCode(errors[0].error)}`;
}
