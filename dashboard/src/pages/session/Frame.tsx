import type { ReactNode } from 'react';
import { useTitle } from '../../shell/crumbs';
import { Logo } from '../../ui/Logo';

/** The card in the middle of the screen that all pages before the dashboard are. */
export function Frame({ title, hint, children }: { title: string; hint?: ReactNode; children: ReactNode }) {
  useTitle(title);
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center gap-6 bg-canvas px-5 py-10">
      <p className="flex items-center gap-2.5 text-page font-semibold">
        <Logo size={28} />
        Bespoke
      </p>
      <div className="w-full max-w-[360px] rounded-dialog border bg-surface p-6">
        <h1 className="text-page font-semibold">{title}</h1>
        {hint && <p className="mt-1 text-ink2">{hint}</p>}
        <div className="mt-5">{children}</div>
      </div>
    </main>
  );
}
