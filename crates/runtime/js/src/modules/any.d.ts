// What untyped packages and the runtime's own modules are to the checker.
declare const it: any;
export default it;
export const Buffer: any, StringDecoder: any, inspect: any, format: any, formatWithOptions: any, stripVTControlCharacters: any, promises: any, strict: any;
