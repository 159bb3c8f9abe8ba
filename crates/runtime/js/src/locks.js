// nango.tryAcquireLock, releaseLock and releaseAllLocks. The host lets everything go at the run's end.
import { ErrorClass, floor, isFiniteNumber, toText } from './intrinsics.js';
import { ask } from './host.js';

/** @type {Record<string, Function>} the members of `nango` */
export const lockMembers = {
  /**
   * @param {{ key: string, ttlMs: number }} lock
   * @returns {Promise<boolean>} false where another run has it
   */
  tryAcquireLock: async (lock) => {
    const { key, ttlMs } = /** @type {any} */ (lock ?? {});
    if (!isFiniteNumber(ttlMs) || ttlMs < 1) throw new ErrorClass('Failed to acquire the lock: ttlMs must be a number of milliseconds greater than 0');
    return (await ask('acquire_lock', { key: name(key), ttl_ms: floor(ttlMs) })).head;
  },

  /**
   * @param {{ key: string }} lock
   * @returns {Promise<boolean>} whether the run had it
   */
  releaseLock: async (lock) => (await ask('release_lock', { key: name(/** @type {any} */ (lock)?.key) })).head,

  releaseAllLocks: async () => {
    await ask('release_locks', {});
  },
};

/**
 * @param {unknown} key
 * @returns {string}
 */
function name(key) {
  if (typeof key !== 'string' || key === '') throw new ErrorClass('A lock needs a key');
  return toText(key);
}
