// The records that would differ, before and after.
import { Minus, Plus, RotateCw, ShieldCheck, X } from 'lucide-react';
import { useMemo, useState } from 'react';
import { t } from '../i18n';
import { Button, IconButton } from '../ui/Button';
import { equal, isObject, type Json } from './document';
import type { PreviewRecord, PreviewReport, PreviewState } from './previewStream';

type Change = PreviewRecord['change'];
const looks: Record<Change, string> = {
  changed: 'bg-accent-soft text-accent-text',
  added: 'bg-ok-soft text-ok',
  removed: 'bg-bad-soft text-bad',
};
const columnsShown = 8;

export function Preview(props: {
  title: string;
  state: PreviewState;
  /** The form has changed since. */
  stale: boolean;
  onAgain: () => void;
  onStop: () => void;
  onClose: () => void;
}) {
  const { state } = props;
  const [only, setOnly] = useState<Change>();
  const report = state.stage === 'done' ? state.report : undefined;
  return (
    <section aria-label={props.title} className="flex min-h-0 flex-1 flex-col bg-surface">
      <header className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-b px-4 py-1.5">
        <h2 className="text-section font-semibold">{props.title}</h2>
        <div role="status" className="flex flex-wrap items-center gap-1.5">
          {state.stage === 'running' && <span className="text-ink2">{t('preview.reading', { count: number(state.read) })}</span>}
          {report?.succeeded && <Counts report={report} only={only} onOnly={setOnly} />}
        </div>
        {state.stage === 'running' && (
          <Button size="small" onClick={props.onStop}>
            {t('preview.stop')}
          </Button>
        )}
        <div className="ml-auto flex items-center gap-2">
          {report && <Safe report={report} />}
          <IconButton label={t('preview.close')} onClick={props.onClose}>
            <X size={16} aria-hidden />
          </IconButton>
        </div>
      </header>
      {props.stale && (
        <div role="status" className="flex items-center gap-3 border-b bg-warn-soft px-4 py-1.5 text-warn">
          {t('preview.stale')}
          <Button size="small" icon={<RotateCw size={13} aria-hidden />} onClick={props.onAgain}>
            {t('preview.again')}
          </Button>
        </div>
      )}
      <div tabIndex={0} aria-label={props.title} className={`min-h-0 flex-1 overflow-auto ${props.stale ? 'opacity-60' : ''}`}>
        {state.stage === 'failed' && <p role="alert" className="px-4 py-6 text-bad">{t('preview.failed', { reason: state.message })}</p>}
        {report && !report.succeeded && (
          <p role="alert" className="px-4 py-3 text-bad">{t('preview.failed', { reason: report.error?.message ?? report.error?.code ?? '' })}</p>
        )}
        {report && <Records report={report} only={only} />}
      </div>
    </section>
  );
}

const number = (value: number) => new Intl.NumberFormat(document.documentElement.lang || 'en').format(value);

function Counts({ report, only, onOnly }: { report: PreviewReport; only?: Change; onOnly: (only?: Change) => void }) {
  const { counts } = report;
  const all: Change[] = ['changed', 'added', 'removed'];
  return (
    <>
      {all
        .filter((one) => counts[one] > 0)
        .map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={only === one}
            onClick={() => onOnly(only === one ? undefined : one)}
            className={`h-6 rounded-badge px-1.5 text-badge font-medium ${looks[one]} ${only === one ? 'outline-2 outline-current' : ''}`}
          >
            {t(`preview.${one}`, { count: number(counts[one]) })}
          </button>
        ))}
      <span className="text-ink2">{t('preview.same', { count: number(counts.unchanged) })}</span>
    </>
  );
}

/** That nothing was written, and what would have been elsewhere. */
function Safe({ report }: { report: PreviewReport }) {
  const held = report.blocked_calls ?? [];
  const [open, setOpen] = useState(false);
  return (
    <span className="relative flex items-center gap-1.5 text-hint text-ink2">
      <ShieldCheck size={14} className="text-ok" aria-hidden />
      {t('preview.safe')}
      {held.length > 0 && (
        <>
          ·
          <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="font-medium text-accent-text">
            {t('preview.held', { count: held.length })}
          </button>
          {open && (
            <ul className="absolute top-6 right-0 z-20 max-h-48 w-96 max-w-[80vw] overflow-auto rounded-card bg-surface p-2 shadow-float">
              {held.map((one, index) => (
                <li key={index} className="truncate py-0.5 font-mono text-[11.5px]">
                  {one.method} {one.url}
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </span>
  );
}

function Records({ report, only }: { report: PreviewReport; only?: Change }) {
  const records = only ? report.records.filter((one) => one.change === only) : report.records;
  const columns = useMemo(() => columnsOf(report.records), [report]);
  if (report.records.length === 0) return <p className="px-4 py-6 text-ink2">{report.succeeded ? t('preview.none') : null}</p>;
  if (records.length === 0) return <p className="px-4 py-6 text-ink2">{t('preview.notOfKind')}</p>;
  return (
    <>
      <table className="w-full border-collapse text-left">
        <thead className="sticky top-0 z-10 bg-surface">
          <tr className="text-hint text-ink3">
            <th scope="col" className="border-b py-1.5 pr-4 pl-4 font-normal">
              {t('preview.record')}
            </th>
            {columns.map(({ name }) => (
              <th key={name} scope="col" className="border-b py-1.5 pr-4 font-normal">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {records.slice(0, 200).map((record) => (
            <tr key={`${record.model} ${record.id}`}>
              <th scope="row" className="border-b py-1.5 pr-4 pl-4 font-medium whitespace-nowrap">
                {nameOf(record)}
                {record.change !== 'changed' && (
                  <span className={`ml-2 inline-flex items-center gap-0.5 rounded-badge px-1 text-badge ${looks[record.change]}`}>
                    {record.change === 'added' ? <Plus size={11} aria-hidden /> : <Minus size={11} aria-hidden />}
                    {t(record.change === 'added' ? 'preview.new' : 'preview.gone')}
                  </span>
                )}
              </th>
              {columns.map(({ name }) => (
                <td key={name} className="max-w-80 border-b py-1.5 pr-4">
                  <Cell record={record} name={name} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {(report.records_left_out > 0 || records.length > 200) && (
        <p className="px-4 py-2 text-hint text-ink3">{t('preview.left', { count: number(report.records_left_out + Math.max(0, records.length - 200)) })}</p>
      )}
    </>
  );
}

function Cell({ record, name }: { record: PreviewRecord; name: string }) {
  const [before, after] = [record.before?.[name], record.after?.[name]];
  if (record.change === 'removed') return <s className="break-words text-ink3">{shown(before)}</s>;
  if (record.change === 'added') return <span className="break-words">{shown(after)}</span>;
  if (equal(before, after)) return <span className="break-words">{shown(after)}</span>;
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <span className="sr-only">{t('preview.before')} </span>
      {empty(before) ? <span className="text-ink3">{t('field.empty')}</span> : <s className="break-words text-ink3">{shown(before)}</s>}
      <span aria-hidden className="text-ink3">
        →
      </span>
      <span className="sr-only">{t('preview.after')} </span>
      <mark className="rounded-badge bg-accent-soft px-1.5 font-medium break-words text-accent-text">{empty(after) ? t('field.empty') : shown(after)}</mark>
    </span>
  );
}

const empty = (value: Json | undefined) => value === undefined || value === null || value === '';
const shown = (value: Json | undefined) => (empty(value) ? t('field.empty') : typeof value === 'object' ? JSON.stringify(value) : String(value));

/** What people know a record by. */
function nameOf({ id, before, after }: PreviewRecord): string {
  const content = after ?? before ?? {};
  const name = ['name', 'title', 'label', 'full_name', 'fullName', 'email'].map((key) => content[key]).find((value) => typeof value === 'string' && value !== '');
  return typeof name === 'string' ? name : id;
}

/** The columns of a table: what changes somewhere comes first. */
function columnsOf(records: readonly PreviewRecord[]): { name: string }[] {
  const changes = new Map<string, number>();
  for (const { before, after, change } of records) {
    for (const name of new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])) {
      const differs = change === 'changed' && isObject(before) && isObject(after) && !equal(before[name], after[name]);
      changes.set(name, (changes.get(name) ?? 0) + (differs ? 1 : 0));
    }
  }
  return [...changes]
    .filter(([name]) => name !== 'id')
    .sort(([, one], [, other]) => Number(other > 0) - Number(one > 0))
    .slice(0, columnsShown)
    .map(([name]) => ({ name }));
}
