import type { RunDetail } from '../../api/runs';
import type { TimedCall } from './Timeline';

/** The requests of a run, from its log lines: a line is written when the answer is there. */
export function callsOf(run: RunDetail): TimedCall[] {
  const began = Date.parse(run.started_at ?? run.created_at);
  return run.logs.flatMap(({ id, time, http }) =>
    http
      ? [
          {
            id,
            at: Math.max(0, Date.parse(time) - http.duration_ms - began),
            took: http.duration_ms,
            method: http.method,
            url: http.url,
            status: http.status ?? null,
            error: http.error_body ?? http.error_code ?? undefined,
            attempts: http.attempts,
            received: http.response_bytes ?? undefined,
          },
        ]
      : [],
  );
}
