import path, { join, posix } from 'path';
import * as prefixed from 'node:path';

const names = ['', '.', '..', '/', 'a', 'a/', '/a', '/a/b.txt', 'a/b/c.tar.gz', './a/../b', '/a//b///c', '.hidden', 'a.', '../../x', '/a/./b/../../c/', 'ä/ö.ü'];
const each = (run) => Object.fromEntries(names.map((name) => [name, run(name)]));

export default {
  'one module': () => [path.posix === posix, prefixed.join === join, path.sep, path.delimiter],
  basename: () => each((name) => path.basename(name)),
  'basename without an extension': () => [path.basename('/a/b.txt', '.txt'), path.basename('b.txt', 'b.txt'), path.basename('a/b.html', 'ml')],
  dirname: () => each((name) => path.dirname(name)),
  extname: () => each((name) => path.extname(name)),
  normalize: () => each((name) => path.normalize(name)),
  isAbsolute: () => each((name) => path.isAbsolute(name)),
  parse: () => each((name) => path.parse(name)),
  format: () => [path.format({ dir: '/a', base: 'b' }), path.format({ root: '/', name: 'x', ext: '.y' }), path.format(path.parse('/q/w.e'))],
  join: () => [join('a', '..', 'b'), join('/a', '/b', '../c'), join(), join('', ''), join('a', './b/')],
  resolve: () => [path.resolve('/a', 'b', '../c'), path.resolve('/a', '/b'), path.resolve('/', '..')],
  relative: () => [path.relative('/a/b/c', '/a/d'), path.relative('/a', '/a'), path.relative('/a/b', '/')],
  'an argument that is no text': () => join('a', 1),
};
