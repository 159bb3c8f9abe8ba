import { createHash } from 'node:crypto';
import * as url from 'url';

/** A short name for an address, the same for every spelling of it. */
export function digest(address: string): string {
    const { host, pathname } = new url.URL(address);
    return createHash('sha256').update(`${host}${pathname}`).digest('hex').slice(0, 8);
}

/** Throws in a file of its own, so that a stack has something to show. */
export function refuse(what: string): never {
    throw new Error(`there is no ${what}`);
}
