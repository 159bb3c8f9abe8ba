// A stand-in for the Rust engine: a fresh realm with nothing but ECMAScript in it, and `native` made of Node's own APIs.
import * as crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import { builtins } from '../../modules.js';

const source = (file) => readFileSync(new URL(`../../dist/${file}.js`, import.meta.url), 'utf8');
const prelude = source('prelude');
/** Without zod, which needs nothing of the engine and takes long to parse. */
const sources = Object.entries(builtins).filter(([name]) => !name.startsWith('zod')).map(([name, file]) => [name, source(file)]);

export const CONTEXT = {
  kind: 'sync', name: 'contacts', integration: 'crm', connection_id: 'acme', provider_config_key: 'crm', provider: 'hubspot',
  environment_name: 'dev', environment_id: 3, run_id: '0198c0de-0000-7000-8000-000000000001', sync_id: '0198c0de-0000-7000-8000-000000000002',
  variant: 'base', last_sync_date: '2026-08-01T10:00:00.000Z', metadata: { team: 'blue' }, paginate: null, models: ['Contact'],
  logger_level: 'debug',
};

/**
 * @param {object} [options]
 * @param {(op: string, args: any, body: any) => any} [options.host] answers calls: `{ head, body }`, or throws `{ code, message }`
 * @param {object} [options.context] differences to CONTEXT
 */
export async function boot({ host = () => ({}), context = {} } = {}) {
  const realm = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
  realm.DOMException = DOMException;
  const inRealm = (expression) => vm.runInContext(expression, realm);
  const toBuffer = inRealm('const U = Uint8Array; (bytes) => { const copy = new U(bytes.length); for (let i = 0; i < bytes.length; i++) copy[i] = bytes[i]; return copy.buffer; }');
  const realmJson = inRealm('JSON.parse');
  const realmPromise = inRealm('const P = Promise; (run) => new P(run)');
  const bytes = (buffer) => Buffer.from(new Uint8Array(buffer));
  const calls = [];
  const logs = [];
  const reads = new Set();
  const modules = new Map();

  const parts = (url) => realmJson(JSON.stringify(Object.fromEntries(
    ['href', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash', 'origin'].map((key) => [key, url[key]]),
  )));
  const answer = async (op, args, body) => {
    const parsed = JSON.parse(args);
    const content = body === undefined ? undefined : typeof body === 'string' ? body : bytes(body);
    calls.push({ op, args: parsed, body: content });
    const reply = (await host(op, parsed, content)) ?? {};
    return { head: reply.head === undefined ? undefined : realmJson(JSON.stringify(reply.head)), body: reply.body === undefined ? undefined : toBuffer(Buffer.from(reply.body)) };
  };
  const native = {
    call: (op, args, body) => realmPromise((resolve, reject) => void answer(op, args, body).then(resolve, (refusal) => reject(refusal.code ? realmJson(JSON.stringify(refusal)) : refusal))),
    notify: (op, args) => void (op === 'log' && logs.push(JSON.parse(args))),
    noteRead: (path) => reads.size < 500 && Boolean(reads.add(path)),
    setTimer: (ms, run) => Number(setTimeout(run, ms)),
    clearTimer: (id) => clearTimeout(id),
    parseJson: (json) => realmJson(new TextDecoder('utf-8', { fatal: true }).decode(json)),
    encodeUtf8: (text) => toBuffer(Buffer.from(text, 'utf8')),
    decode: (label, data, fatal, ignoreBOM) => new TextDecoder(label, { fatal, ignoreBOM }).decode(data),
    hash: (name, data) => toBuffer(crypto.createHash(name).update(bytes(data)).digest()),
    hmac: (name, key, data) => toBuffer(crypto.createHmac(name, bytes(key)).update(bytes(data)).digest()),
    randomBytes: (count) => toBuffer(crypto.randomBytes(count)),
    timingSafeEqual: (a, b) => crypto.timingSafeEqual(bytes(a), bytes(b)),
    url: (href, base) => (URL.canParse(href, base) ? parts(new URL(href, base)) : null),
    setUrlPart: (href, part, value) => {
      const url = new URL(href);
      url[part] = value;
      return parts(url);
    },
    now: () => performance.now(),
    builtin: (name) => {
      const module = modules.get(name);
      if (module.status === 'linked') void module.evaluate().catch(() => {});
      if (module.status === 'errored') throw module.error;
      return module.namespace;
    },
  };

  const nativeModule = new vm.SyntheticModule(['default'], function set() { this.setExport('default', native); }, { context: realm, identifier: 'bespoke:native' });
  const link = (specifier) => (specifier === 'bespoke:native' ? nativeModule : modules.get(specifier.replace(/^node:/, '')));
  const load = async (identifier, code) => {
    const module = new vm.SourceTextModule(code, { context: realm, identifier });
    await module.link(link);
    return module;
  };
  await nativeModule.link(link);
  await nativeModule.evaluate();
  const runtime = await load('bespoke:prelude', prelude);
  await runtime.evaluate();
  runtime.namespace.install(native);
  for (const [identifier, code] of sources) modules.set(identifier, new vm.SourceTextModule(code, { context: realm, identifier }));
  for (const module of modules.values()) if (module.status === 'unlinked') await module.link(link);

  /** Evaluates a function's module: its source text. */
  const evaluate = async (code) => {
    const module = await load('function.js', code);
    await module.evaluate();
    return module.namespace;
  };
  /** Runs `body` as the `exec` of a function and gives its output, or throws the described failure. */
  const run = async (kind, code, input = null) => {
    const source = code.includes('export default') ? code : `export default { exec: async (nango, input) => { ${code} } };`;
    const { start, describe } = runtime.namespace;
    try {
      const { default: definition } = await evaluate(source);
      const text = await start(native, kind, definition, JSON.stringify({ ...CONTEXT, kind, ...context }), JSON.stringify(input));
      return JSON.parse(text);
    } catch (error) {
      const failure = JSON.parse(JSON.stringify(describe(error)));
      throw Object.assign(new Error(`the run failed: ${failure.message}`), { failure });
    }
  };
  return {
    action: (code, input) => run('action', code, input),
    run,
    /** The failure of an action that must fail. */
    failure: async (code, kind = 'action') => {
      const error = await run(kind, code).then((output) => new Error(`it succeeded: ${JSON.stringify(output)}`), (thrown) => thrown);
      if (!error.failure) throw error;
      return error.failure;
    },
    calls, logs, reads, native,
    http: () => calls.filter(({ op }) => op === 'http'),
  };
}

/** A host that answers HTTP requests from a list of `{ status, headers, json | body }`, the last one again and again. */
export function answering(...answers) {
  let next = 0;
  return (op) => {
    if (op !== 'http') return {};
    const { status = 200, headers = [['Content-Type', 'application/json']], json, body } = answers[Math.min(next++, answers.length - 1)];
    return {
      head: { status, status_text: status === 200 ? 'OK' : '', headers, url: 'https://api.example.com/x', method: 'GET' },
      body: json === undefined ? body : JSON.stringify(json),
    };
  };
}
