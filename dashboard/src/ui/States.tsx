import { CircleAlert, RotateCw } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { ApiError } from '../api/call';
import { Button } from './Button';

/** What there is not yet (or not under these filters), and the one thing to do next. `whole`: it is all that the page has, so its title is the page's. */
export function EmptyState({ icon, title, children, action, whole }: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode; whole?: boolean }) {
  const Title = whole ? 'h1' : 'p';
  return (
    <div className="flex flex-col items-center justify-center gap-2 px-6 py-16 text-center">
      {icon && <div className="text-ink3">{icon}</div>}
      <Title className="text-section font-semibold">{title}</Title>
      {children && <div className="max-w-md text-ink2">{children}</div>}
      {action && <div className="mt-2">{action}</div>}
    </div>
  );
}

/** What failed, what can be done, and the request's id for those who ask the operator. */
export function ErrorState({ title, error, onRetry }: { title: string; error: unknown; onRetry?: () => void }) {
  const id = error instanceof ApiError ? error.requestId : undefined;
  return (
    <div role="alert" className="flex flex-col items-center justify-center gap-2 px-6 py-12 text-center">
      <CircleAlert size={22} className="text-bad" aria-hidden />
      <p className="text-section font-semibold">{title}</p>
      <p className="max-w-md text-ink2">{error instanceof Error ? error.message : String(error)}</p>
      {id && <p className="font-mono text-hint text-ink3">Request {id}</p>}
      {onRetry && (
        <Button icon={<RotateCw size={14} aria-hidden />} onClick={onRetry} className="mt-2">
          Try again
        </Button>
      )}
    </div>
  );
}

/** Grey lines while something loads: only after 150 ms, and after 2 s it says what. */
export function Loading({ what, lines = 4 }: { what: string; lines?: number }) {
  const [stage, setStage] = useState(0);
  useEffect(() => {
    const timers = [setTimeout(() => setStage(1), 150), setTimeout(() => setStage(2), 2000)];
    return () => timers.forEach(clearTimeout);
  }, []);
  if (stage === 0) return <div aria-busy className="min-h-24" />;
  return (
    <div aria-busy role="status" className="space-y-3 p-4">
      <span className={stage === 2 ? 'text-ink3' : 'sr-only'}>Loading {what}</span>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} className="h-4 rounded-badge bg-hover" style={{ width: `${90 - ((line * 17) % 45)}%` }} />
      ))}
    </div>
  );
}
