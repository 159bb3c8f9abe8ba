// zod 4, for bundles that leave it external as the official CLI does. Our own bundler puts a project's zod into the bundle, shaken.
export * from 'zod';
export { default } from 'zod';
