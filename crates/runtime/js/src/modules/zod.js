// The module `zod` (and `zod/v4`) for bundles that leave it out.
export * from 'zod/v4/';
export { default } from 'zod/v4/';
