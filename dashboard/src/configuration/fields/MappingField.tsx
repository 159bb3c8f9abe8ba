// Our fields on the left, the customer's on the right.
import type { FieldProps, RJSFSchema } from '@rjsf/utils';
import { ArrowLeft } from 'lucide-react';
import { t } from '../../i18n';
import { Button } from '../../ui/Button';
import { useForm } from '../context';
import { at, type Path, pointer } from '../document';
import { FieldPicker } from '../FieldPicker';
import { LayerOf } from '../LayerBadge';
import { kind, useOptions } from '../options';
import { Problems, Row } from '../Section';
import { Plain } from './widgets';

const columns = '@[512px]:grid-cols-[1fr_16px_1.35fr_162px]';

export function MappingField(props: FieldProps) {
  const { options, system, audience, product, readOnly } = useForm();
  const path = props.fieldPathId.path;
  const here = pointer(path);
  // Who may not change anything may not ask the customer's system either.
  const loaded = useOptions(options, here, !readOnly);
  const customer = audience === 'customer';
  return (
    <div role="table" aria-label={props.schema.title ?? props.name}>
      <div role="row" className={`hidden gap-3 border-b px-4 py-1.5 text-hint text-ink3 @[512px]:grid ${columns}`}>
        <span role="columnheader">{customer && product ? t('page.ours', { product }) : t('mapping.ours')}</span>
        <span aria-hidden />
        <span role="columnheader">{customer ? t('page.theirs', { system }) : t('mapping.theirs')}</span>
        <span role="columnheader">{t(customer ? 'page.from' : 'mapping.from')}</span>
      </div>
      {loaded.error && (
        <div role="row">
          <div role="cell" aria-colspan={3} aria-live="polite" className="flex flex-wrap items-center gap-x-2 gap-y-1 border-b bg-warn-soft px-4 py-2 text-hint text-warn">
          <span>
            {t('mapping.failed', { system, reason: loaded.error.message })} {!loaded.options && t('mapping.type')}
          </span>
          <Button size="small" onClick={loaded.reload} busy={loaded.loading}>
            {t('mapping.try')}
          </Button>
          </div>
        </div>
      )}
      {Object.entries(props.schema.properties ?? {}).map(([key, schema]) => (
        <MappingRow
          key={key}
          path={[...path, key]}
          schema={schema as RJSFSchema}
          loaded={loaded}
          required={props.schema.required?.includes(key) ?? false}
          onChange={(value) => props.onChange(value, [...path, key], undefined, props.fieldPathId.$id)}
        />
      ))}
    </div>
  );
}

function MappingRow(props: {
  path: Path;
  schema: RJSFSchema;
  loaded: ReturnType<typeof useOptions>;
  required: boolean;
  onChange: (value: string | undefined) => void;
}) {
  const { editing, system, readOnly } = useForm();
  const { path, schema, loaded } = props;
  const id = `map${pointer(path).replaceAll('/', '-')}`;
  const title = schema.title ?? String(path[path.length - 1]);
  const stored = at(editing.merged, path);
  const value = typeof stored === 'string' ? stored : undefined;
  const type = kind(editing.form?.hints.get(pointer(path))?.type ?? schema.format);
  const option = loaded.options?.data.find((one) => one.value === value);
  const problems = editing.problemsAt(path);
  const gone = value !== undefined && loaded.options !== undefined && !option;
  const samples = option?.samples?.length ? option.samples.join(' · ') : undefined;
  return (
    <Row path={path}>
      <div role="row" className={`grid grid-cols-1 items-start gap-x-3 gap-y-1.5 ${columns}`}>
        <div role="rowheader" className="min-w-0 pt-1">
          <span className="font-medium break-words">{title}</span>{' '}
          {type && <span className="ml-1.5 text-badge text-ink3">{type}</span>}
          {schema.description && <p className="text-hint text-ink3">{schema.description}</p>}
        </div>
        <div aria-hidden className="hidden pt-2 text-ink3 @[512px]:block">
          <ArrowLeft size={14} aria-hidden />
        </div>
        <div role="cell" className="min-w-0">
          {readOnly ? (
            <Plain value={option ? `${option.label} (${option.value})` : value} />
          ) : (
            <FieldPicker
              id={id}
              label={title}
              value={value}
              type={type}
              loaded={loaded}
              system={system}
              onChange={props.onChange}
              invalid={gone || problems.some((one) => one.level === 'error')}
              describedBy={`${id}-hint ${id}-problems ${id}-layer`}
              optional={!props.required}
            />
          )}
          <div id={`${id}-hint`} className="text-hint">
            {samples && <p className="mt-0.5 truncate text-ink2">{samples}</p>}
            {gone && <p className="mt-1 break-words text-bad">{t('mapping.missing', { field: value, system })}</p>}
          </div>
          <Problems id={`${id}-problems`} problems={problems} />
        </div>
        <div role="cell">
          <LayerOf path={path} title={title} id={`${id}-layer`} />
        </div>
      </div>
    </Row>
  );
}
