import { LoaderCircle } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';

const looks = {
  primary: 'bg-accent text-white hover:brightness-110',
  secondary: 'bg-surface text-ink border border-line hover:bg-hover',
  quiet: 'bg-transparent text-ink2 hover:bg-hover hover:text-ink',
  danger: 'bg-surface text-bad border border-line hover:bg-bad-soft',
} as const;

export type Look = keyof typeof looks;

/** The classes of a button, for links that look like one. */
export function buttonClass(look: Look = 'secondary', size: 'normal' | 'small' = 'normal') {
  const height = size === 'small' ? 'h-7 px-2 rounded-[6px]' : 'control px-3';
  return `inline-flex items-center justify-center gap-1.5 ${height} font-medium whitespace-nowrap select-none transition-colors disabled:opacity-50 disabled:pointer-events-none ${looks[look]}`;
}

export interface ButtonProps extends ComponentProps<'button'> {
  look?: Look;
  size?: 'normal' | 'small';
  icon?: ReactNode;
  /** Something goes on because of it: shown, and it cannot be pressed again. */
  busy?: boolean;
}

export function Button({ look = 'secondary', size, icon, busy, className = '', children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      className={`${buttonClass(look, size)} ${className}`}
    >
      {busy ? <LoaderCircle size={15} className="animate-spin" aria-hidden /> : icon}
      {children}
    </button>
  );
}

/** A button that is only an icon; `label` is its name and its title. */
export function IconButton({ label, look = 'quiet', className = '', ...rest }: ButtonProps & { label: string }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={`inline-flex size-7 shrink-0 items-center justify-center rounded-[6px] pointer-coarse:size-11 disabled:opacity-50 disabled:pointer-events-none ${looks[look]} ${className}`}
    />
  );
}
