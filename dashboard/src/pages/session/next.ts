/** Where to go after signing in: `next` if it is a page of the dashboard, and never another site. */
export function destination(next: string | undefined): string {
  return next && /^\/app(\/|\?|$)/.test(next) && !next.includes('\\') ? next : '/app';
}
