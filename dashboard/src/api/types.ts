// The wire's types, generated from openapi.json: `npm run generate` in packages/client.
import type { components } from '../../../packages/client/src/schema';

export type Schemas = components['schemas'];
