// The controls of single values.
import type { BaseInputTemplateProps, WidgetProps } from '@rjsf/utils';
import { Eye, EyeOff } from 'lucide-react';
import { useState } from 'react';
import { t } from '../../i18n';
import { IconButton } from '../../ui/Button';
import { inputClass } from '../../ui/Field';
import { Switch } from '../../ui/Switch';
import { useForm } from '../context';

/** A value that cannot be changed here: as text, not as a control that does nothing. */
export function Plain({ value }: { value: unknown }) {
  const nothing = value === undefined || value === null || value === '';
  return <span className={`block py-1.5 break-words ${nothing ? 'text-ink3' : ''}`}>{nothing ? t('field.empty') : String(value)}</span>;
}

function described(props: { id: string; invalid: boolean }) {
  return { 'aria-invalid': props.invalid || undefined, 'aria-describedby': `${props.id}__description ${props.id}-problems ${props.id}-layer` };
}

function useInvalid(props: WidgetProps): boolean {
  const { editing } = useForm();
  // Items of lists have no path of their own here; their list says what is wrong.
  const path = props.id.replace(/^root_?/, '').split('_');
  return editing.problems.some((one) => one.level === 'error' && one.path === `/${path.join('/')}`);
}

/** Text and numbers. */
export function BaseInput(props: BaseInputTemplateProps) {
  const { readOnly } = useForm();
  const invalid = useInvalid(props);
  if (readOnly) return <Plain value={props.value} />;
  const type = props.schema.type === 'number' || props.schema.type === 'integer' ? 'number' : formats[props.schema.format ?? ''] ?? 'text';
  return (
    <input
      id={props.id}
      type={type}
      step={type === 'number' ? (props.schema.type === 'integer' ? 1 : 'any') : undefined}
      value={props.value ?? ''}
      placeholder={props.placeholder}
      onChange={(event) => (props.onChangeOverride ? props.onChangeOverride(event as never) : props.onChange(event.target.value === '' ? undefined : event.target.value))}
      className={`${inputClass} ${type === 'number' ? 'tabular max-w-48' : ''}`}
      {...described({ id: props.id, invalid })}
    />
  );
}

const formats: Record<string, string> = { date: 'date', email: 'email', uri: 'url', time: 'time' };

export function TextAreaWidget(props: WidgetProps) {
  const { readOnly } = useForm();
  const invalid = useInvalid(props);
  if (readOnly) return <Plain value={props.value} />;
  return (
    <textarea
      id={props.id}
      rows={3}
      value={props.value ?? ''}
      onChange={(event) => props.onChange(event.target.value === '' ? undefined : event.target.value)}
      className="min-h-16 w-full rounded-control border border-control bg-surface px-2.5 py-1.5 aria-invalid:border-bad"
      {...described({ id: props.id, invalid })}
    />
  );
}

/** A secret: the server shows a mask, and the mask sent back means what is there. */
export function SecretWidget(props: WidgetProps) {
  const { readOnly } = useForm();
  const [shown, setShown] = useState(false);
  const invalid = useInvalid(props);
  if (readOnly) return <Plain value={props.value} />;
  return (
    <div className="relative">
      <input
        id={props.id}
        type={shown ? 'text' : 'password'}
        autoComplete="off"
        value={props.value ?? ''}
        onChange={(event) => props.onChange(event.target.value === '' ? undefined : event.target.value)}
        className={`${inputClass} pr-9 font-mono`}
        {...described({ id: props.id, invalid })}
      />
      <IconButton label={t(shown ? 'field.hide' : 'field.show')} aria-pressed={shown} onClick={() => setShown(!shown)} className="absolute top-1/2 right-0.5 -translate-y-1/2">
        {shown ? <EyeOff size={15} aria-hidden /> : <Eye size={15} aria-hidden />}
      </IconButton>
    </div>
  );
}

/** One of a few: the browser's own list, which every keyboard and screen reader knows. */
export function SelectWidget(props: WidgetProps) {
  const { readOnly } = useForm();
  const invalid = useInvalid(props);
  const options = props.options.enumOptions ?? [];
  const index = options.findIndex((one) => one.value === props.value);
  if (readOnly) return <Plain value={options[index]?.label ?? props.value} />;
  return (
    <select
      id={props.id}
      value={index < 0 ? '' : String(index)}
      onChange={(event) => props.onChange(event.target.value === '' ? undefined : options[Number(event.target.value)]?.value)}
      className={`${inputClass} pr-2`}
      {...described({ id: props.id, invalid })}
    >
      {(index < 0 || !props.required) && <option value="">{index < 0 && props.value !== undefined ? String(props.value) : t('field.none')}</option>}
      {options.map((option, at) => (
        <option key={at} value={at}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

/** Several of a few. */
export function CheckboxesWidget(props: WidgetProps) {
  const { readOnly } = useForm();
  const chosen: unknown[] = Array.isArray(props.value) ? props.value : [];
  if (readOnly) return <Plain value={chosen.join(', ')} />;
  return (
    <div role="group" aria-label={props.label} className="flex flex-wrap gap-x-4 gap-y-1">
      {(props.options.enumOptions ?? []).map((option, index) => (
        <label key={index} className="inline-flex items-center gap-1.5 py-1">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            checked={chosen.includes(option.value)}
            onChange={(event) => props.onChange(event.target.checked ? [...chosen, option.value] : chosen.filter((one) => one !== option.value))}
          />
          {option.label}
        </label>
      ))}
    </div>
  );
}

/** On or off. */
export function FlagWidget(props: WidgetProps) {
  const { readOnly } = useForm();
  if (readOnly) return <Plain value={t(props.value === true ? 'field.yes' : 'field.no')} />;
  return <Switch id={props.id} label={props.label || props.name} checked={props.value === true} onChange={props.onChange} describedBy={`${props.id}__description ${props.id}-layer`} />;
}
