// The module `stream/promises`.
import { promises } from 'stream';

export const { finished, pipeline } = promises;
export default promises;
