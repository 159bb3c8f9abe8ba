// nango.getMetadata, setMetadata and updateMetadata: the customer's configuration. And what there was before them.
import { ErrorClass, jsonStringify } from './intrinsics.js';
import { ask } from './host.js';
import { noting } from './noting.js';

/**
 * @param {import('./run.js').Run} run
 * @returns {Record<string, Function>} the members of `nango`
 */
export function metadataMembers(run) {
  /**
   * @param {string} op
   * @param {number} status
   */
  const writer = (op, status) => async (/** @type {object} */ metadata) => {
    const text = jsonStringify(metadata);
    if (typeof metadata !== 'object' || metadata === null || text === undefined) throw new ErrorClass('The metadata must be an object');
    try {
      const reply = await ask(op, {}, text);
      run.metadata = noting(reply.head);
    } finally {
      run.forgetConnections();
    }
    return { data: metadata, status, statusText: status === 201 ? 'Created' : 'OK', headers: {}, config: {}, request: {} };
  };
  const updateMetadata = writer('update_metadata', 200);
  return {
    // One snapshot per run: changes from outside are seen by the next run, the run's own at once.
    getMetadata: async () => run.metadata,
    setMetadata: writer('set_metadata', 201),
    updateMetadata,
    // Deprecated in favour of the metadata, where the mapping is kept under this key.
    getFieldMapping: async () => run.metadata?.fieldMapping ?? {},
    setFieldMapping: (/** @type {object} */ fieldMapping) => updateMetadata({ fieldMapping }),
  };
}
