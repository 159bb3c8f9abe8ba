import { TextField } from '../../ui/Field';
import type { FormField } from './credentials';

/** The inputs of a form that a provider asks for. */
export function FieldList(props: {
  fields: FormField[];
  values: Record<string, string>;
  errors: Record<string, string | undefined>;
  onChange: (values: Record<string, string>) => void;
}) {
  return props.fields.map((field) => (
    <TextField
      key={field.name}
      label={
        <>
          {field.label}
          {field.optional && <span className="font-normal text-ink3"> (optional)</span>}
        </>
      }
      hint={[field.hint, field.suffix && `Ends with ${field.suffix}; leave that out.`].filter(Boolean).join(' ') || undefined}
      error={props.errors[field.name]}
      placeholder={field.placeholder}
      type={field.secret ? 'password' : 'text'}
      autoComplete="off"
      mono={field.secret}
      value={props.values[field.name] ?? ''}
      onChange={(value) => props.onChange({ ...props.values, [field.name]: value })}
    />
  ));
}
