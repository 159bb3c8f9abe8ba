// The module `zod/v3` for bundles that leave it out.
export * from 'zod/v3/';
export { default } from 'zod/v3/';
