// Completion and lint of the JSON editor by the schema: Microsoft's service of VS Code, in CodeMirror's words.
import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { Diagnostic } from '@codemirror/lint';
import type { Text } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import { getLanguageService, TextDocument, type JSONSchema, type Position } from 'vscode-json-languageservice';

// Without a path in it, no schema is found for the document.
const uri = 'mem:///configuration.json';

export function schemaService(schema: object | null, complete = false) {
  const service = getLanguageService({});
  if (schema) service.configure({ schemas: [{ uri: 'mem:///schema.json', fileMatch: ['*'], schema: (complete ? schema : withoutRequired(schema)) as JSONSchema }] });
  const open = (text: string) => {
    const document = TextDocument.create(uri, 'json', 1, text);
    return { document, parsed: service.parseJSONDocument(document) };
  };
  return {
    /** What is wrong with the text. */
    async lint(view: EditorView): Promise<Diagnostic[]> {
      const { document, parsed } = open(view.state.doc.toString());
      const found = await service.doValidation(document, parsed, { trailingCommas: 'error', comments: 'error' });
      return found.map(({ range, message, severity }) => ({
        from: offset(view.state.doc, range.start),
        to: Math.max(offset(view.state.doc, range.end), offset(view.state.doc, range.start) + 1),
        message: typeof message === 'string' ? message : message.value,
        severity: severity === 1 ? ('error' as const) : ('warning' as const),
      })).map((one) => ({ ...one, from: Math.min(one.from, view.state.doc.length), to: Math.min(one.to, view.state.doc.length) }));
    },
    /** What can stand at the cursor. */
    async complete(context: CompletionContext): Promise<CompletionResult | null> {
      const { state, pos, explicit } = context;
      const word = context.matchBefore(/"?[\w-]*/);
      if (!explicit && (!word || word.from === word.to)) return null;
      const { document, parsed } = open(state.doc.toString());
      const answer = await service.doComplete(document, document.positionAt(pos), parsed);
      if (!answer || answer.items.length === 0) return null;
      const edit = answer.items.find((item) => item.textEdit)?.textEdit;
      const from = edit && 'range' in edit ? offset(state.doc, edit.range.start) : (word?.from ?? pos);
      const to = edit && 'range' in edit ? offset(state.doc, edit.range.end) : pos;
      return {
        from,
        to,
        options: answer.items.map((item) => ({
          label: item.filterText ?? item.label,
          displayLabel: item.label,
          detail: item.detail,
          info: typeof item.documentation === 'string' ? item.documentation : item.documentation?.value,
          apply: (item.textEdit?.newText ?? item.insertText ?? item.label).replace(/\$\{\d+:?([^}]*)\}|\$\d+/g, '$1'),
        })),
      };
    },
  };
}

/** What is required may come from a layer below, so its absence here is no fault. */
function withoutRequired(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutRequired);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !(key === 'required' && Array.isArray(value)))
      .map(([key, value]) => [key, withoutRequired(value)]),
  );
}

const offset = (doc: Text, { line, character }: Position) =>
  line >= doc.lines ? doc.length : Math.min(doc.line(line + 1).from + character, doc.length);
