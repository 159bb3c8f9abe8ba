// Globals that the runtime makes itself, or that the engine has.
declare var DOMException: any, URL: any, URLSearchParams: any, TextDecoder: any, TextEncoder: any, console: any, performance: any;
declare function queueMicrotask(callback: () => void): void;
declare function setTimeout(callback: () => void, milliseconds?: number): any;
declare type AbortSignal = any;
