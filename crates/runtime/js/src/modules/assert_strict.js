// The module `assert/strict`.
import { strict } from 'assert';

export * from 'assert';
export const { deepEqual, equal, notDeepEqual, notEqual } = strict;
export default strict;
