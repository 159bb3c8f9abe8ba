// What a run that writes nothing tells: POST /dry-runs, and a preview with another configuration.
import { call } from './call';

export interface HttpCall {
  at_ms: number;
  method: string;
  url: string;
  status: number | null;
  error: string | null;
  duration_ms: number;
  sent_bytes: number;
  received_bytes: number;
}

export interface RecordChange {
  model?: string;
  id: string;
  change: 'added' | 'changed' | 'removed';
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

export interface ReportLine {
  at_ms: number;
  level: string;
  message: string;
  meta?: unknown;
}

/** A preview's answer; that of a dry run is brought to it by `dryRun`. */
export interface Report {
  succeeded: boolean;
  error: { code?: string; message?: string; stack?: string } | null;
  counts: { added: number; changed: number; removed: number; unchanged: number };
  records: RecordChange[];
  records_left_out: number;
  calls: HttpCall[];
  blocked_calls: { method: string; url: string; body_bytes: number }[];
  problems: { path?: unknown; message: string }[];
  warnings: string[];
  output: unknown;
  duration_ms: number;
  logs?: ReportLine[];
}

interface DryRunReport extends Omit<Report, 'counts' | 'records' | 'records_left_out'> {
  records: { model: string; counts: Report['counts']; changes: RecordChange[]; left_out: number }[];
}

/** Runs a deployed function for a customer and writes nothing, neither here nor at the provider. */
export async function dryRun(
  environment: string,
  of: { integration: string; kind: string; name: string; customer: string; input?: unknown },
  signal?: AbortSignal,
): Promise<Report> {
  const report = await call<DryRunReport>('POST', '/dry-runs', {
    environment,
    signal,
    body: {
      function: { integration: of.integration, kind: of.kind, name: of.name },
      connection_id: of.customer,
      ...(of.kind === 'action' ? { input: of.input } : {}),
    },
  });
  const sum = (name: keyof Report['counts']) => report.records.reduce((all, model) => all + model.counts[name], 0);
  return {
    ...report,
    // What a sync returns is for nobody.
    output: of.kind === 'action' ? report.output : null,
    counts: { added: sum('added'), changed: sum('changed'), removed: sum('removed'), unchanged: sum('unchanged') },
    records: report.records.flatMap(({ model, changes }) => changes.map((change) => ({ ...change, model }))),
    records_left_out: report.records.reduce((all, model) => all + model.left_out, 0),
  };
}
