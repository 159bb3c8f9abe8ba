// Runs the cases of a file, in Node and in the runtime alike, and shows what came out as text that can be compared.

/** Anything as JSON that tells apart what JSON does not. */
function plain(value, depth = 0) {
  if (depth > 8) return '…';
  if (value === undefined) return { undefined: true };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) return { number: Object.is(value, -0) ? '-0' : String(value) };
  if (typeof value === 'string' && !value.isWellFormed?.() && value.toWellFormed) return { halves: Array.from(value, (unit) => unit.codePointAt(0)) };
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (typeof value === 'function') return { function: value.name };
  if (typeof value === 'symbol') return { symbol: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return { error: value.name, message: value.message, code: value.code };
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return { [value.constructor.name]: Array.from(value, String).join(',') };
  if (value instanceof ArrayBuffer) return { ArrayBuffer: Array.from(new Uint8Array(value)).join(',') };
  if (value instanceof Date) return { Date: Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString() };
  if (value instanceof RegExp) return { RegExp: String(value) };
  if (value instanceof Map) return { Map: [...value].map((pair) => plain(pair, depth + 1)) };
  if (value instanceof Set) return { Set: [...value].map((item) => plain(item, depth + 1)) };
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, depth + 1)]));
}

export async function run(cases) {
  const results = {};
  for (const [name, body] of Object.entries(cases)) {
    try {
      results[name] = { value: plain(await body()) };
    } catch (error) {
      results[name] = { thrown: error?.name };
    }
  }
  return results;
}
