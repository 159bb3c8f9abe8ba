/** A square with the first letter of an integration. */
export function IntegrationMark({ name }: { name: string }) {
  return (
    <span aria-hidden className="inline-flex size-[18px] shrink-0 items-center justify-center rounded-badge bg-integration-soft text-[10.5px] font-semibold text-integration">
      {name.slice(0, 1).toUpperCase()}
    </span>
  );
}
