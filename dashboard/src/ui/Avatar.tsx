/** The initials of somebody; the name stands beside it. */
export function Avatar({ name, size = 24, square }: { name: string; size?: number; square?: boolean }) {
  const words = name.split(/[\s._@-]+/).filter(Boolean);
  const initials = ((words[0]?.[0] ?? '?') + (words.length > 1 ? (words.at(-1)?.[0] ?? '') : '')).toUpperCase();
  return (
    <span
      aria-hidden
      style={{ width: size, height: size, fontSize: Math.round(size * 0.42) }}
      className={`inline-flex shrink-0 items-center justify-center font-semibold ${square ? 'rounded-control border bg-subtle text-ink2' : 'rounded-full bg-accent-soft text-accent-text'}`}
    >
      {initials}
    </span>
  );
}
