/** The mark of the product. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden className="shrink-0">
      <rect width="24" height="24" rx="6" className="fill-accent" />
      <path
        d="M8 6.5v11M8 6.5h5a2.75 2.75 0 0 1 0 5.5H8m0 0h6a2.75 2.75 0 0 1 0 5.5H8"
        fill="none"
        stroke="#fff"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
