// `require` of CommonJS modules, such as the official CLI makes: the built-in modules, with and without `node:`.
import native from 'bespoke:native';

const { builtin } = native;
const { ReferenceError } = globalThis;

/** What `import` gives is what CommonJS has of these; of the others it is the default export. */
const NAMESPACES = ['zod', 'zod/v3', 'zod/v4'];

/** @param {any} name @returns {unknown} */
export function require(name) {
  const short = typeof name === 'string' && name.startsWith('node:') ? name.slice(5) : name;
  let namespace;
  try {
    // Modules of the runtime's own begin so.
    if (typeof short === 'string' && short.startsWith('bespoke:')) throw new ReferenceError(short);
    namespace = builtin(short);
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw Object.assign(new Error(`Cannot find module '${name}': functions have no such module and cannot install it`), { code: 'MODULE_NOT_FOUND' });
  }
  return NAMESPACES.includes(short) ? namespace : (namespace.default ?? namespace);
}
