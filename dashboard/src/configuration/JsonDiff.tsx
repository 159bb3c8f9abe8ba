import { json } from '@codemirror/lang-json';
import Diff from '../ui/Diff';

const language = json();

/** What differs between two texts of JSON. */
export default function JsonDiff(props: { before: string; after: string; label: string }) {
  return <Diff {...props} language={language} className="max-h-[220px] rounded-card border" />;
}
