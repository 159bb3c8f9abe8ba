/**
 * Schemas as zod 3 and zod 4 have them, by what both carry of their types: so functions of either compile, and this
 * package needs no zod of its own.
 */

/** A schema of zod 4 or zod 3 whose values are an `Output`. */
export type Schema<Output = unknown> =
    | { readonly _zod: { readonly output: Output } }
    | { readonly _output: Output; readonly _def: unknown };

/** A schema made by `z.object({ … })`. */
export type ObjectSchema = Schema<object> & { readonly shape: object };

/** A schema made by `z.void()`. */
export type VoidSchema = Schema<void>;

/** An object, or nothing: left out, or `z.void()` as functions for Nango say it. */
export type OptionalObjectSchema = ObjectSchema | VoidSchema | undefined;

/** What a schema's values are, after its defaults and transformations. */
export type OutputOf<S> = S extends { readonly _zod: { readonly output: infer Output } }
    ? Output
    : S extends { readonly _output: infer Output }
      ? Output
      : never;

/** What a schema takes, before its defaults and transformations. */
export type InputOf<S> = S extends { readonly _zod: { readonly input: infer Input } }
    ? Input
    : S extends { readonly _input: infer Input }
      ? Input
      : never;

/** Models by name: a capital letter first. Each needs `id: z.string()`, by which its records are known. */
export type ModelsSchema = Record<string, Schema<{ id: string }>>;

/** The records of a model. */
export type RecordOf<Models extends ModelsSchema, Model extends keyof Models> = OutputOf<Models[Model]> & { id: string };

/** The configuration that a function declares; without a declaration, any object. */
export type MetadataOf<Metadata> = Metadata extends ObjectSchema ? OutputOf<Metadata> : Record<string, any>;

/** The progress that a function declares; without a declaration, any flat object. */
export type CheckpointOf<Checkpoint> = Checkpoint extends ObjectSchema
    ? OutputOf<Checkpoint>
    : Record<string, string | number | boolean>;

/** Every property optional, in nested objects too; arrays are whole. */
export type DeepPartial<T> = T extends readonly unknown[] | Date
    ? T
    : T extends object
      ? { [Key in keyof T]?: DeepPartial<T[Key]> | undefined }
      : T;
