import { useCallback, useRef, useState } from 'react';
import type { JsonObject } from './document';
import { follow, type PreviewState } from './previewStream';

export interface Previewing {
  state?: PreviewState;
  /** The document that it is of. */
  of?: JsonObject;
  run: (own: JsonObject) => void;
  stop: () => void;
  close: () => void;
}

/** Runs a preview at a time. `start` asks the server. */
export function usePreview(start: (own: JsonObject, signal: AbortSignal) => Promise<Response>): Previewing {
  const [state, setState] = useState<PreviewState>();
  const [of, setOf] = useState<JsonObject>();
  const running = useRef<AbortController>(null);
  const asked = useRef(start);
  asked.current = start;
  const stop = useCallback(() => {
    running.current?.abort();
    running.current = null;
  }, []);
  const run = useCallback(
    (own: JsonObject) => {
      stop();
      const mine = new AbortController();
      running.current = mine;
      setOf(own);
      setState({ stage: 'running', read: 0 });
      asked
        .current(own, mine.signal)
        .then((response) => follow(response, (read) => running.current === mine && setState({ stage: 'running', read })))
        .then(
          (report) => running.current === mine && setState({ stage: 'done', report }),
          (error: unknown) => {
            if (running.current !== mine) return;
            setState({ stage: 'failed', message: error instanceof Error ? error.message : String(error) });
          },
        );
    },
    [stop],
  );
  const close = useCallback(() => {
    stop();
    setState(undefined);
  }, [stop]);
  return { state, of, run, close, stop: close };
}
