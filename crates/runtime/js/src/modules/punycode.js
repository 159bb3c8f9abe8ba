// The module `punycode`.
export * from 'punycode/';
export { default } from 'punycode/';
