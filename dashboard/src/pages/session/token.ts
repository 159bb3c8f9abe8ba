import { useSearch } from '@tanstack/react-router';

/** The one-time token of the link that was opened: in its query, or in its fragment. */
export function useToken(): string | undefined {
  const { token } = useSearch({ strict: false }) as { token?: unknown };
  const given = token === undefined ? decodeURIComponent(location.hash.replace(/^#(token=)?/, '')) : String(token);
  return given || undefined;
}
