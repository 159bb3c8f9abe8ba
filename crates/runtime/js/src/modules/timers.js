// The module `timers`: the globals.
import promises from 'timers/promises';

const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = /** @type {any} */ (globalThis);
export { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, promises };
export default { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, promises };
