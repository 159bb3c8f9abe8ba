/**
 * What `import … from 'bespoke'` (or `'nango'`) is while a function is written, tested or bundled.
 *
 * The helpers only name the kind of the object that they are given: a deployed function is data and an `exec`,
 * and its abilities come from the `nango` object that it is called with. The bundler answers the import with
 * this very file, so what an author runs in a unit test is what is deployed.
 */

export const createSync = (definition) => ({ type: 'sync', ...definition });

export const createAction = (definition) => ({ type: 'action', ...definition });

export const createOnEvent = (definition) => ({ type: 'onEvent', ...definition });

export const createConfig = (definition) => ({ type: 'config', ...definition });
