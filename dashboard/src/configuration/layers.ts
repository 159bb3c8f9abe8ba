// Where a value comes from: the defaults of the schema, those of the integration, the customer's own document.
import { at, isObject, leaves, type Json, type JsonObject, type Path, pointer } from './document';

/** From the weakest to the strongest; `none` is a value that nobody set. */
export type Layer = 'none' | 'default' | 'integration' | 'customer';

export interface Layers {
  /** What counts where the customer says nothing. */
  inherited: JsonObject;
  /** Which of the inherited leaves are the integration's; the others are the schema's. */
  integration: ReadonlySet<string>;
}

/** The later one wins; objects go together, everything else is replaced as a whole. */
export function over(below: Json | undefined, above: Json | undefined): Json | undefined {
  if (above === undefined) return below;
  if (!isObject(below) || !isObject(above)) return above;
  const merged: JsonObject = { ...below };
  for (const [key, value] of Object.entries(above)) merged[key] = over(below[key], value)!;
  return merged;
}

/** What the schema fills in: the `default`s of its properties, also of those in objects. */
export function schemaDefaults(schema: object | null | undefined): JsonObject {
  const value = defaultOf(schema as SchemaNode | null | undefined);
  return isObject(value) ? value : {};
}

interface SchemaNode {
  default?: Json;
  properties?: Record<string, SchemaNode>;
}

function defaultOf(node: SchemaNode | null | undefined): Json | undefined {
  if (!node) return undefined;
  if (!node.properties) return node.default;
  const inner: JsonObject = {};
  for (const [key, child] of Object.entries(node.properties)) {
    const value = defaultOf(child);
    if (value !== undefined) inner[key] = value;
  }
  if (node.default === undefined && Object.keys(inner).length === 0) return undefined;
  return over(inner, node.default);
}

/** The layers below the customer's own document. */
export function layersOf(schema: object | null | undefined, integrationDefaults: JsonObject): Layers {
  return {
    inherited: over(schemaDefaults(schema), integrationDefaults) as JsonObject,
    integration: new Set(leaves(integrationDefaults).keys()),
  };
}

/** The layer that decides about the value at `path`. */
export function layerAt(path: Path, own: JsonObject, { inherited, integration }: Layers): Layer {
  if (at(own, path) !== undefined) return 'customer';
  if (at(inherited, path) === undefined) return 'none';
  const here = pointer(path);
  for (const leaf of integration) if (leaf === here || leaf.startsWith(`${here}/`) || here.startsWith(`${leaf}/`)) return 'integration';
  return 'default';
}
