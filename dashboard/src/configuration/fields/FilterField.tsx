// Conditions that records have to meet: all of them.
import type { FieldProps, RJSFSchema } from '@rjsf/utils';
import { Plus, X } from 'lucide-react';
import { t } from '../../i18n';
import { Button, IconButton } from '../../ui/Button';
import { inputClass } from '../../ui/Field';
import { useForm } from '../context';
import { isObject, type Json, type JsonObject, pointer } from '../document';
import { FieldPicker } from '../FieldPicker';
import { useOptions } from '../options';
import { Problems, Row } from '../Section';

/** Comparisons that compare with nothing. */
const alone = /^(has any value|exists|is set|is not set|is empty|is not empty|is known|is unknown)$/;

export function FilterField(props: FieldProps) {
  const { editing, options, system, readOnly, audience } = useForm();
  const path = props.fieldPathId.path;
  const here = pointer(path);
  const listed = Boolean(editing.form?.hints.get(here)?.optionsFrom);
  const loaded = useOptions(options, listed ? here : undefined, !readOnly);
  const conditions = (Array.isArray(props.formData) ? props.formData : []) as Json[];
  const properties = ((props.schema.items as RJSFSchema | undefined)?.properties ?? {}) as Record<string, RJSFSchema>;
  const ops = (properties.op?.enum ?? []).map(String);
  const change = (next: Json[]) => props.onChange(next.length === 0 ? undefined : next, path, undefined, props.fieldPathId.$id);
  const put = (index: number, part: JsonObject) =>
    change(conditions.map((one, at) => (at === index ? compact({ ...(isObject(one) ? one : {}), ...part }) : one)));
  const customer = audience === 'customer';
  return (
    <Row path={path} className="rounded-b-card">
      <p className="mb-2 text-ink2">
        {conditions.length === 0 ? t(customer ? 'page.filter.every' : 'filter.every') : t(customer ? 'page.filter.all' : 'filter.all')}
      </p>
      <div className="space-y-1.5">
        {conditions.map((one, index) => {
          const condition = isObject(one) ? one : {};
          const number = index + 1;
          const field = typeof condition.field === 'string' ? condition.field : undefined;
          const op = typeof condition.op === 'string' ? condition.op : '';
          const label = loaded.options?.data.find((option) => option.value === field)?.label ?? field;
          const problems = editing.problemsAt([...path, index], true);
          const wrong = `filter${here.replaceAll('/', '-')}-${number}`;
          if (readOnly) {
            return (
              <p key={index} className="py-1">
                <span className="text-ink3">{t(index === 0 ? 'filter.when' : 'filter.and')}</span> <b className="font-medium">{label}</b> {op}{' '}
                {alone.test(op) ? '' : String(condition.value ?? '')}
              </p>
            );
          }
          return (
            <div key={index}>
              <div className="grid grid-cols-[1fr_1fr_28px] items-center gap-1.5 @[512px]:grid-cols-[40px_minmax(0,1.2fr)_130px_minmax(0,1.4fr)_28px]">
                <span className="hidden text-right text-ink3 @[512px]:block">{t(index === 0 ? 'filter.when' : 'filter.and')}</span>
                <div className="col-span-2 @[512px]:col-span-1">
                  {listed ? (
                    <FieldPicker
                      label={t('filter.field', { number })}
                      asks={t('filter.field', { number })}
                      describedBy={wrong}
                      value={field}
                      loaded={loaded}
                      system={system}
                      onChange={(value) => put(index, { field: value ?? '' })}
                      invalid={problems.length > 0 && !field}
                    />
                  ) : (
                    <input
                      aria-label={t('filter.field', { number })}
                      aria-describedby={wrong}
                      value={field ?? ''}
                      onChange={(event) => put(index, { field: event.target.value })}
                      className={`${inputClass} font-mono text-code`}
                    />
                  )}
                </div>
                {ops.length > 0 ? (
                  <select aria-label={t('filter.op', { number })} aria-describedby={wrong} value={op} onChange={(event) => put(index, { op: event.target.value })} className={`${inputClass} order-1 @[512px]:order-none`}>
                    {!ops.includes(op) && <option value={op}>{op || t('field.choose')}</option>}
                    {ops.map((name) => (
                      <option key={name} value={name}>
                        {name}
                      </option>
                    ))}
                  </select>
                ) : (
                  <input aria-label={t('filter.op', { number })} value={op} onChange={(event) => put(index, { op: event.target.value })} className={`${inputClass} order-1 @[512px]:order-none`} />
                )}
                {alone.test(op) ? (
                  <span className="order-1 @[512px]:order-none" />
                ) : (
                  <input
                    aria-label={t('filter.value', { number })}
                    aria-describedby={wrong}
                    value={condition.value === undefined || condition.value === null ? '' : String(condition.value)}
                    onChange={(event) => put(index, { value: typed(event.target.value, properties.value) })}
                    className={`${inputClass} order-1 @[512px]:order-none`}
                  />
                )}
                <IconButton label={t('filter.remove', { number })} onClick={() => change(conditions.filter((_, at) => at !== index))}>
                  <X size={14} aria-hidden />
                </IconButton>
              </div>
              <Problems id={wrong} problems={problems} />
            </div>
          );
        })}
      </div>
      {!readOnly && (
        <Button
          size="small"
          look="quiet"
          className={conditions.length > 0 ? 'mt-2 @[512px]:ml-10' : 'mt-1 -ml-2'}
          icon={<Plus size={14} aria-hidden />}
          onClick={() => change([...conditions, { field: '', op: ops[0] ?? 'is', value: '' }])}
        >
          {t('filter.add')}
        </Button>
      )}
    </Row>
  );
}

/** A condition without the value that its comparison does not need. */
function compact(condition: JsonObject): JsonObject {
  if (!alone.test(String(condition.op))) return condition;
  const { value: _, ...rest } = condition;
  return rest;
}

function typed(text: string, schema: RJSFSchema | undefined): Json {
  const number = schema?.type === 'number' || schema?.type === 'integer';
  return number && text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
