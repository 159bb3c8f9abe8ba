import { Switch as Base } from '@base-ui/react/switch';

export function Switch(props: { label: string; checked: boolean; onChange: (checked: boolean) => void; disabled?: boolean; id?: string; describedBy?: string }) {
  return (
    <Base.Root
      id={props.id}
      aria-label={props.label}
      aria-describedby={props.describedBy}
      checked={props.checked}
      onCheckedChange={props.onChange}
      disabled={props.disabled}
      className="relative inline-flex h-5 w-9 shrink-0 items-center rounded-full border border-control bg-subtle p-px transition-colors data-checked:border-accent data-checked:bg-accent data-disabled:opacity-50"
    >
      <Base.Thumb className="size-4 rounded-full bg-control transition-transform data-checked:translate-x-4 data-checked:bg-white" />
    </Base.Root>
  );
}
