import { TextArea, TextField } from '../../ui/Field';

export interface AskedFor {
  name: string;
  title: string;
  hint?: string;
  secret?: boolean;
  optional?: boolean;
  long?: boolean;
  placeholder?: string;
  /** Where it goes in the body: the group, then the name. */
  path: string[];
}

/** The fields that a provider asks an integration for. */
export function ProviderFields(props: {
  fields: readonly AskedFor[];
  value: (group: string, name: string) => string;
  onChange: (group: string, name: string, value: string) => void;
  error: (...path: string[]) => string | undefined;
}) {
  return props.fields.map((field) => {
    const [group = ''] = field.path;
    const shared = {
      label: field.optional ? `${field.title} (optional)` : field.title,
      hint: field.hint,
      error: props.error(...field.path),
      value: props.value(group, field.name),
      onChange: (value: string) => props.onChange(group, field.name, value),
      autoComplete: 'off',
      placeholder: field.placeholder,
    };
    if (field.long) return <TextArea key={field.path.join('.')} {...shared} rows={4} spellCheck={false} />;
    return <TextField key={field.path.join('.')} {...shared} type={field.secret ? 'password' : 'text'} />;
  });
}
