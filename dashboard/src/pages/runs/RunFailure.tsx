import { useQuery } from '@tanstack/react-query';
import { codeQuery } from '../../api/functions';
import type { RunDetail } from '../../api/runs';
import { useCan, useEnvironment } from '../../shell/environment';

/** Where in the TypeScript a stack says that it was: its first frame in the function's own file. */
function place(run: RunDetail): { file: string; line: number } | undefined {
  const frame = new RegExp(`([\\w./-]*${run.function.replace(/[^\w-]/g, '.')}\\.tsx?):(\\d+):\\d+`).exec(run.error?.stack ?? '');
  return frame ? { file: frame[1]!, line: Number(frame[2]) } : undefined;
}

/** Why a run failed: the message, the stack, and the lines of TypeScript around the place. */
export function RunFailure({ run }: { run: RunDetail }) {
  const { code, message, stack, payload, upstream } = run.error!;
  const detail = payload ?? upstream;
  const at = place(run);
  return (
    <section aria-label="Why it failed" className="mt-5 overflow-hidden rounded-card border border-bad">
      <div className="bg-bad-soft px-4 py-3 text-bad">
        <p className="font-medium break-words">{message ?? code}</p>
        {code && message && <p className="font-mono text-hint">{code}</p>}
      </div>
      {at && <Lines run={run} at={at} />}
      {stack && (
        <div className="border-t px-4 py-2">
          <p className="text-hint text-ink3">Stack</p>
          <pre className="overflow-x-auto text-[12px] leading-5">{stack}</pre>
        </div>
      )}
      {detail !== undefined && detail !== null && (
        <details className="border-t px-4 py-2">
          <summary className="cursor-pointer text-ink2">{payload ? 'What came with the error' : "The provider's answer"}</summary>
          <pre className="mt-1 max-h-60 overflow-auto text-[12px] leading-5">{JSON.stringify(detail, null, 2)}</pre>
        </details>
      )}
    </section>
  );
}

function Lines({ run, at }: { run: RunDetail; at: { file: string; line: number } }) {
  const env = useEnvironment();
  const can = useCan();
  const kind = run.kind === 'webhook' ? 'sync' : run.kind;
  const { data: code } = useQuery({ ...codeQuery(env, run.provider_config_key, run.function, kind), enabled: can('environment:functions:read') });
  const lines = code?.split('\n');
  if (!lines || at.line > lines.length) return null;
  const first = Math.max(1, at.line - 3);
  return (
    <div className="border-t py-2">
      <p className="px-4 text-hint text-ink3">
        {at.file}, line {at.line} of the deployed code
      </p>
      <pre tabIndex={0} aria-label={`Code around line ${at.line}`} className="mt-1 overflow-x-auto text-[12px] leading-5">
        {lines.slice(first - 1, at.line + 3).map((text, index) => {
          const line = first + index;
          const isIt = line === at.line;
          return (
            <div key={line} className={`min-w-max px-4 ${isIt ? 'bg-bad-soft' : ''}`}>
              <span className={`mr-3 inline-block w-7 text-right ${isIt ? 'text-bad' : 'text-ink3'}`}>{line}</span>
              {isIt ? <mark className="bg-transparent text-ink">{text}</mark> : text}
            </div>
          );
        })}
      </pre>
    </div>
  );
}
