// The errors that functions throw and see. How they are reported is in describe.js.
import { defineProperty, ErrorClass, stringIndexOf, stringSlice, stringStartsWith, toText } from './intrinsics.js';

/** What a function throws to report a failure of its own with a payload for the caller. */
export class ActionError extends ErrorClass {
  type = 'action_script_runtime_error';
  /** @type {unknown} */
  payload;

  /** @param {unknown} [payload] anything that is JSON; the caller gets it as it is */
  constructor(payload) {
    super(messageOf(payload));
    this.name = 'ActionError';
    this.payload = payload;
  }
}

/** A refusal of the host: the run was cancelled, a name is unknown, an address is not allowed … */
export class SdkError extends ErrorClass {
  #brand = true;

  /**
   * @param {string} code
   * @param {string} message
   * @param {unknown} [payload]
   */
  constructor(code, message, payload) {
    super(message);
    this.name = 'SDKError';
    this.code = code;
    this.payload = payload;
  }

  /**
   * @param {any} refusal what `native.call` rejected with
   * @returns {SdkError | undefined} undefined for an error of the engine itself, such as being out of memory
   */
  static from(refusal) {
    const code = refusal?.code;
    return typeof code === 'string' ? new SdkError(code, toText(refusal.message ?? code), refusal.payload) : undefined;
  }

  /**
   * @param {unknown} value
   * @returns {value is SdkError}
   */
  static is(value) {
    return typeof value === 'object' && value !== null && #brand in value;
  }
}

/**
 * Where the function is now. To be taken before the first `await`: afterwards its frames are no longer on the stack.
 * @returns {string}
 */
export function callSite() {
  const { stack } = new ErrorClass();
  return typeof stack === 'string' ? stack : '';
}

/**
 * Lets an error point to the line of the function that made the call.
 * @template {Error} E
 * @param {E} error
 * @param {string} site what callSite gave
 * @returns {E}
 */
export function locate(error, site) {
  // V8 puts a headline before the frames, QuickJS does not.
  const frames = stringStartsWith(site, ' ') ? site : stringSlice(site, stringIndexOf(site, '\n') + 1);
  return defineProperty(error, 'stack', { value: frames, writable: true, configurable: true });
}

/** A failed HTTP request, in the shape of an axios error because that is what functions look for. */
export class AxiosError extends ErrorClass {
  isAxiosError = true;
  /** @type {{ method: string, url: string } | undefined} */
  #call;

  /**
   * Notes which call failed, for the report of the failure: the URL is without secrets.
   * @param {AxiosError} error
   * @param {{ method: string, url: string } | undefined} call
   * @returns {AxiosError}
   */
  static about(error, call) {
    error.#call = call;
    return error;
  }

  /**
   * @param {unknown} value
   * @returns {{ method: string, url: string } | undefined}
   */
  static callOf(value) {
    return typeof value === 'object' && value !== null && #call in value ? value.#call : undefined;
  }

  /**
   * @param {string} message
   * @param {string} code
   * @param {object} config
   * @param {object} request
   * @param {any} [response]
   */
  constructor(message, code, config, request, response) {
    super(message);
    this.name = 'AxiosError';
    this.code = code;
    this.config = config;
    this.request = request;
    if (response !== undefined) {
      this.response = response;
      this.status = response.status;
    }
  }

  /** @returns {object} */
  toJSON() {
    return {
      message: this.message, name: this.name, stack: this.stack, config: this.config, code: this.code, status: this.status ?? null,
    };
  }
}

/**
 * @param {any} payload
 * @returns {string}
 */
function messageOf(payload) {
  const message = typeof payload === 'object' && payload !== null ? payload.message : payload;
  return typeof message === 'string' ? message : '';
}
