// rjsf resolves relative `$id`s with fast-uri; the schemas that the server gives have none.
export const resolve = (_base: string, reference: string) => reference;
export default { resolve };
