// rjsf asks for a component for each part of a form; these give it the look of ours.
import type { ArrayFieldItemTemplateProps, ArrayFieldTemplateProps, FieldTemplateProps, ObjectFieldTemplateProps, RJSFSchema } from '@rjsf/utils';
import { Plus, X } from 'lucide-react';
import { t } from '../../i18n';
import { Button, IconButton } from '../../ui/Button';
import { useForm } from '../context';
import { type Path, pointer } from '../document';
import { LayerOf } from '../LayerBadge';
import { Problems, Row, Section } from '../Section';
import { kind } from '../options';

type Kind = 'object' | 'list' | 'single';

function kindOf(schema: RJSFSchema, field?: unknown): Kind {
  if (field === 'mapping') return 'object';
  if (field) return 'list';
  if (schema.type === 'object') return 'object';
  return schema.type === 'array' ? 'list' : 'single';
}

/** One property: a card, a group in a card, or a row. */
export function FieldTemplate(props: FieldTemplateProps) {
  const { path } = props.fieldPathId;
  const { editing } = useForm();
  if (path.length === 0 || typeof path[path.length - 1] === 'number') return props.children;
  const what = kindOf(props.schema, props.uiSchema?.['ui:field']);
  const problems = editing.problemsAt(path);
  if (path.length === 1 && what !== 'single') {
    return (
      <Section title={props.label} hint={props.rawDescription} paths={[path]} badge={what === 'list' && editing.owner !== 'nobody' ? path : undefined}>
        {props.children}
        {problems.length > 0 && (
          <div className="px-4 pb-3">
            <Problems id={`${props.id}-problems`} problems={problems} />
          </div>
        )}
      </Section>
    );
  }
  if (what === 'object') {
    return (
      <div className="border-b last:border-b-0">
        <h3 className="bg-subtle px-4 py-1.5 font-medium text-ink2">{props.label}</h3>
        {props.children}
      </div>
    );
  }
  return <Single {...props} wide={what === 'list'} />;
}

const withLayer = {
  flag: 'grid-cols-[1fr_auto] @[512px]:grid-cols-[1fr_auto_162px]',
  wide: 'grid-cols-1 @[512px]:grid-cols-[1fr_162px]',
  single: 'grid-cols-1 @[512px]:grid-cols-[1fr_16px_1.35fr_162px]',
};
const withoutLayer = { flag: 'grid-cols-[1fr_auto]', wide: 'grid-cols-1', single: 'grid-cols-1 @[512px]:grid-cols-[1fr_16px_1.35fr]' };

function Single(props: FieldTemplateProps & { wide: boolean }) {
  const { path } = props.fieldPathId;
  const { editing } = useForm();
  const hintAt = editing.form?.hints;
  const problems = editing.problemsAt(path);
  const flag = props.schema.type === 'boolean';
  const layered = editing.owner !== 'nobody';
  const columns = (layered ? withLayer : withoutLayer)[flag ? 'flag' : props.wide ? 'wide' : 'single'];
  const type = kind(hintAt?.get(pointer(path))?.type);
  return (
    <Row path={path}>
      <div className={`grid items-start gap-x-3 gap-y-1.5 ${columns}`}>
        <div className="min-w-0 py-1">
          <label htmlFor={props.id} className="font-medium break-words">
            {props.label}
          </label>{' '}
          {type && <span className="ml-1.5 text-badge text-ink3">{type}</span>}
          {props.rawDescription && (
            <p id={`${props.id}__description`} className="text-hint text-ink3">
              {props.rawDescription}
            </p>
          )}
        </div>
        {!props.wide && !flag && <div aria-hidden className="hidden @[512px]:block" />}
        {!props.wide && (
          <div className={`min-w-0 ${flag ? 'flex min-h-8 items-center' : ''}`}>
            {props.children}
            <Problems id={`${props.id}-problems`} problems={problems} />
          </div>
        )}
        {layered && (
          <div className={flag ? 'col-span-2 @[512px]:col-span-1' : ''}>
            <LayerOf path={path} title={props.label} id={`${props.id}-layer`} />
          </div>
        )}
      </div>
      {props.wide && (
        <div className="mt-1.5">
          {props.children}
          <Problems id={`${props.id}-problems`} problems={problems} />
        </div>
      )}
    </Row>
  );
}

/** The properties of an object: at the root, cards; single values of the root share a card. */
export function ObjectFieldTemplate(props: ObjectFieldTemplateProps) {
  const { editing } = useForm();
  const hints = editing.form?.hints;
  if (props.fieldPathId.path.length > 0) return <>{props.properties.filter((one) => !one.hidden).map((one) => one.content)}</>;
  const cards: { key: string; order: number; content: React.ReactNode }[] = [];
  const groups = new Map<string, { order: number; names: string[] }>();
  const schemaOf = (name: string) => (props.schema.properties?.[name] ?? {}) as RJSFSchema;
  props.properties.forEach((one, index) => {
    const hint = hints?.get(pointer([one.name])) ?? {};
    if (kindOf(schemaOf(one.name), props.uiSchema?.[one.name]?.['ui:field']) !== 'single') {
      cards.push({ key: one.name, order: hint.order ?? index, content: one.content });
      return;
    }
    const title = hint.group ?? t('section.general');
    const group = groups.get(title) ?? { order: hint.order ?? index, names: [] };
    group.names.push(one.name);
    groups.set(title, group);
  });
  for (const [title, { order, names }] of groups) {
    const paths: Path[] = names.map((name) => [name]);
    const rows = props.properties.filter((one) => names.includes(one.name)).map((one) => one.content);
    cards.push({ key: `group ${title}`, order, content: <Section key={title} title={title} paths={paths}>{rows}</Section> });
  }
  cards.sort((one, other) => one.order - other.order);
  return <>{cards.map((card) => card.content)}</>;
}

/** A list of texts or numbers. */
export function ArrayFieldTemplate(props: ArrayFieldTemplateProps) {
  const { readOnly } = useForm();
  const inCard = props.fieldPathId.path.length === 1;
  return (
    <div className={`space-y-1.5 ${inCard ? 'px-4 py-3' : ''}`}>
      {props.items}
      {props.canAdd && !readOnly && (
        <Button size="small" look="quiet" icon={<Plus size={14} aria-hidden />} onClick={props.onAddClick}>
          {t('list.add')}
        </Button>
      )}
    </div>
  );
}

export function ArrayFieldItemTemplate(props: ArrayFieldItemTemplateProps) {
  const { readOnly } = useForm();
  return (
    <div className="flex items-center gap-1.5">
      <div className="min-w-0 flex-1">{props.children}</div>
      {!readOnly && (
        <IconButton label={t('list.remove', { field: props.index + 1 })} onClick={props.buttonsProps.onRemoveItem}>
          <X size={14} aria-hidden />
        </IconButton>
      )}
    </div>
  );
}
