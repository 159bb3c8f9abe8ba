import { javascript } from '@codemirror/lang-javascript';
import Diff from '../../ui/Diff';

const language = javascript({ typescript: true });

/** What differs between two versions of a function. */
export default function CodeDiff(props: { before: string; after: string; label: string }) {
  return <Diff {...props} language={language} className="h-full" />;
}
