import { CircleAlert, CircleCheck, CircleDashed, LoaderCircle, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

const tones = {
  neutral: 'bg-subtle text-ink2',
  accent: 'bg-accent-soft text-accent-text',
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  integration: 'bg-integration-soft text-integration',
} as const;

export type Tone = keyof typeof tones;

/** A short word with a tone. The word says everything; the colour only helps. */
export function Badge({ tone = 'neutral', icon, children }: { tone?: Tone; icon?: ReactNode; children: ReactNode }) {
  return (
    <span
      className={`inline-flex h-5 items-center gap-1 rounded-badge px-1.5 text-badge font-medium whitespace-nowrap ${tones[tone]}`}
    >
      {icon}
      {children}
    </span>
  );
}

const icons = { ok: CircleCheck, warn: TriangleAlert, bad: CircleAlert, running: LoaderCircle, none: CircleDashed };

/** A state: icon and word. */
export function Status({ state, children }: { state: keyof typeof icons; children: ReactNode }) {
  const Icon = icons[state];
  const tone: Tone = state === 'running' ? 'accent' : state === 'none' ? 'neutral' : state;
  return (
    <Badge tone={tone} icon={<Icon size={12} className={state === 'running' ? 'animate-spin' : ''} aria-hidden />}>
      {children}
    </Badge>
  );
}
