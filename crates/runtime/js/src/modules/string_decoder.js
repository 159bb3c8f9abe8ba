// The module `string_decoder`.
import npm from 'string_decoder/';

export const { StringDecoder } = /** @type {any} */ (npm);
export default { StringDecoder };
