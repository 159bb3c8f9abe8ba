import { RotateCcw } from 'lucide-react';
import { t } from '../i18n';
import { IconButton } from '../ui/Button';
import { useForm } from './context';
import type { Path } from './document';
import type { Layer } from './layers';

const looks: Record<Layer, string> = {
  none: 'text-ink3',
  default: 'bg-subtle text-ink2',
  integration: 'bg-integration-soft text-integration',
  customer: 'bg-accent-soft text-accent-text',
};

/** ○ default · ◐ integration default · ● this customer · dashed ○ not set. Shape and word, never colour alone. */
function Shape({ layer }: { layer: Layer }) {
  return (
    <svg width="9" height="9" viewBox="0 0 10 10" aria-hidden className="shrink-0">
      <circle
        cx="5"
        cy="5"
        r="4"
        fill={layer === 'customer' ? 'currentColor' : 'none'}
        stroke="currentColor"
        strokeWidth="1.6"
        strokeDasharray={layer === 'none' ? '1.8 1.6' : undefined}
      />
      {layer === 'integration' && <path d="M5 1a4 4 0 0 0 0 8z" fill="currentColor" />}
    </svg>
  );
}

/** Where a value comes from. */
export function LayerBadge({ layer, audience = 'operator' }: { layer: Layer; audience?: 'operator' | 'customer' }) {
  const word =
    audience === 'operator' || layer === 'none'
      ? t(`layer.${layer}`)
      : t(layer === 'customer' ? 'layer.you' : 'layer.standard');
  const look = audience === 'customer' && layer === 'integration' ? 'default' : layer;
  return (
    <span className={`inline-flex h-5 items-center gap-1 rounded-badge px-1.5 text-badge font-medium whitespace-nowrap ${looks[look]}`}>
      <Shape layer={look} />
      {word}
    </span>
  );
}

/** The badge of a value, and the way back to what is inherited. `id` is the badge's, for controls that are described by it. */
export function LayerOf({ path, title, id }: { path: Path; title: string; id?: string }) {
  const { editing, audience, readOnly } = useForm();
  if (editing.owner === 'nobody') return null;
  const layer = editing.layer(path);
  return (
    <span className="inline-flex min-h-8 items-center gap-1">
      <span id={id} className="inline-flex">
        <LayerBadge layer={layer} audience={audience} />
      </span>
      {editing.isOwn(path) && !readOnly && (
        <IconButton
          label={t(audience === 'operator' ? 'field.reset' : 'page.reset', { field: title })}
          onClick={() => editing.reset(path)}
        >
          <RotateCcw size={14} aria-hidden />
        </IconButton>
      )}
    </span>
  );
}
