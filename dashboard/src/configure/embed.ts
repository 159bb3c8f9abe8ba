// The page in somebody else's: what it tells the page around it, and only that one.

/** What is told to the page around. */
export type Message =
  | { type: 'bespoke:ready' }
  | { type: 'bespoke:resize'; height: number }
  | { type: 'bespoke:saved'; revision: number }
  | { type: 'bespoke:closed' }
  | { type: 'bespoke:error'; code: string; message: string };

/** What the address says behind `#`, which no server sees. */
export interface Address {
  token?: string;
  /** The origin of the page around, as the element says it. */
  origin?: string;
}

export function readAddress(hash: string): Address {
  const text = hash.replace(/^#/, '');
  if (!text.includes('=')) return { token: text || undefined };
  const fields = new URLSearchParams(text);
  return { token: fields.get('token') || undefined, origin: originOf(fields.get('origin')) };
}

function originOf(text: string | null | undefined): string | undefined {
  if (!text) return undefined;
  try {
    const { origin } = new URL(text);
    return origin === 'null' ? undefined : origin;
  } catch {
    return undefined;
  }
}

export const embedded = window.parent !== window;

/** The one origin that messages go to and come from. The browser only frames us where the environment allows it. */
const around = () => (embedded ? (readAddress(location.hash).origin ?? originOf(document.referrer)) : undefined);

export function tell(message: Message) {
  const origin = around();
  if (origin) window.parent.postMessage(message, origin);
}

/** Hears of the theme that the page around wants. */
export function onTheme(listener: (theme: unknown) => void) {
  const origin = around();
  if (!origin) return;
  window.addEventListener('message', (event) => {
    const data = event.data as { type?: string; theme?: unknown } | null;
    if (event.source === window.parent && event.origin === origin && data?.type === 'bespoke:theme') listener(data.theme);
  });
}
