// The web platform's classes. Each is a global that is made when it is first read; all of them are in this one module.
import given from 'bespoke:native';
import { setNative } from '../native.js';

setNative(given);

export { AbortController, AbortSignal } from '../web/abort.js';
export { Blob, File } from '../web/blob.js';
export { structuredClone } from '../web/clone.js';
export { CustomEvent, Event, EventTarget } from '../web/events.js';
export { fetch, Request, Response } from '../web/fetch.js';
export { FormData } from '../web/form_data.js';
export { Headers } from '../web/headers.js';
