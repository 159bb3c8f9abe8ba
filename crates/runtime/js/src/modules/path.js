// The module `path`: names only, there are no files.
import path from 'path-browserify';

/** @type {any} */
const posix = path;
posix.toNamespacedPath ??= (/** @type {unknown} */ name) => name;
posix.posix = posix;
export const { basename, delimiter, dirname, extname, format, isAbsolute, join, normalize, parse, relative, resolve, sep, toNamespacedPath } = posix;
export { posix };
export default posix;
