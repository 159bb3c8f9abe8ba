// Brings what someone else saved into a text that is being edited.
import { applyEdits, findNodeAtLocation, getNodeValue, modify, parseTree, type JSONPath } from 'jsonc-parser';

/** A step of a JSON Patch, as the server tells what changed between two revisions. */
export interface Operation {
  op: 'add' | 'replace' | 'remove';
  path: string;
  value?: unknown;
}

const formattingOptions = { insertSpaces: true, tabSize: 2 };

/** Their operations on `base`, put into `mine` wherever mine is still as it was. `kept` are the paths where it is not. */
export function adopt(base: string, mine: string, operations: Operation[]) {
  let [text, theirs] = [mine, base];
  const kept: string[] = [];
  for (const operation of operations) {
    const path = pathOf(operation.path);
    const value = operation.op === 'remove' ? undefined : operation.value;
    const isMine = JSON.stringify(valueAt(base, path)) !== JSON.stringify(valueAt(mine, path));
    if (isMine && JSON.stringify(valueAt(mine, path)) !== JSON.stringify(value)) kept.push(path.join('.'));
    else text = put(text, path, value);
    theirs = put(theirs, path, value);
  }
  return { text, base: theirs, kept };
}

function put(text: string, path: JSONPath, value: unknown): string {
  if (path.length === 0) return JSON.stringify(value ?? {}, null, 2);
  return applyEdits(text, modify(text, path, value, { formattingOptions }));
}

function valueAt(text: string, path: JSONPath): unknown {
  const root = parseTree(text);
  const node = root && findNodeAtLocation(root, path);
  return node && getNodeValue(node);
}

function pathOf(pointer: string): JSONPath {
  const parts = pointer.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}
