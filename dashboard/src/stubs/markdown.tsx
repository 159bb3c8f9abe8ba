// rjsf renders a schema's descriptions as Markdown; ours are plain text, and the parser would weigh 20 kB.
import type { ReactNode } from 'react';

export default function Markdown({ children }: { children?: ReactNode }) {
  return <>{children}</>;
}
export { Markdown };
