import { lazy, Suspense } from 'react';
import type { CodeEditorProps } from './CodeEditor';
import { Loading } from './States';

const CodeEditor = lazy(() => import('./CodeEditor'));

/** The code editor, loaded when it is first shown. */
export function Code(props: CodeEditorProps) {
  return (
    <Suspense fallback={<Loading what="the editor" />}>
      <CodeEditor {...props} />
    </Suspense>
  );
}
