const events = async (target, run) => {
  const seen = [];
  await run(seen);
  return seen;
};
const bytes = async (body) => new Uint8Array(await body.arrayBuffer());
const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

export default {
  'AbortController': () => events(null, (seen) => {
    const controller = new AbortController();
    controller.signal.addEventListener('abort', (event) => seen.push([event.type, event.target === controller.signal]));
    controller.signal.onabort = () => seen.push('handler');
    seen.push(controller.signal.aborted);
    controller.abort();
    controller.abort('again');
    seen.push(controller.signal.aborted, controller.signal.reason.name, controller.signal.reason.message, controller.signal.reason.code);
  }),
  'a reason of its own': () => { AbortSignal.abort('why').throwIfAborted(); },
  'the reason is thrown': () => AbortSignal.abort().throwIfAborted(),
  'AbortSignal.timeout': async () => {
    const signal = AbortSignal.timeout(1);
    await wait(30);
    return [signal.aborted, signal.reason.name];
  },
  'AbortSignal.any': async () => {
    const [one, two] = [new AbortController(), new AbortController()];
    const any = AbortSignal.any([one.signal, two.signal]);
    two.abort('second');
    one.abort('first');
    return [any.aborted, any.reason, AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]).reason, AbortSignal.any([]).aborted];
  },
  'signals cannot be made': () => new AbortSignal(),
  'EventTarget': () => events(null, (seen) => {
    const target = new EventTarget();
    const listener = (event) => seen.push(event.type);
    target.addEventListener('a', listener);
    target.addEventListener('a', listener);
    target.addEventListener('a', { handleEvent(event) { seen.push(['object', this.handleEvent !== undefined, event.target === target]); } });
    target.addEventListener('a', () => seen.push('once'), { once: true });
    seen.push(target.dispatchEvent(new Event('a')));
    target.removeEventListener('a', listener);
    target.dispatchEvent(new Event('a'));
  }),
  'events can be prevented and stopped': () => events(null, (seen) => {
    const target = new EventTarget();
    target.addEventListener('a', (event) => { event.preventDefault(); event.stopImmediatePropagation(); });
    target.addEventListener('a', () => seen.push('never'));
    seen.push(target.dispatchEvent(new Event('a', { cancelable: true })), target.dispatchEvent(new Event('a')));
  }),
  'CustomEvent': () => [new CustomEvent('x', { detail: { a: 1 } }).detail, new CustomEvent('x').detail, new Event('x').bubbles],
  'Headers': () => {
    const headers = new Headers({ 'Content-Type': 'text/plain', 'X-A': ' padded ' });
    headers.append('x-a', '2');
    headers.append('Set-Cookie', 'a=1');
    headers.append('set-cookie', 'b=2');
    headers.set('Accept', '*/*');
    headers.delete('content-TYPE');
    return [[...headers], headers.get('X-a'), headers.get('none'), headers.has('accept'), headers.getSetCookie(), [...headers.keys()], [...headers.values()]];
  },
  'Headers from pairs and headers': () => [[...new Headers([['a', '1'], ['b', '2'], ['a', '3']])], [...new Headers(new Headers({ q: 'w' }))], [...new Headers()]],
  'a bad header name': () => new Headers({ 'a b': '1' }),
  'a bad header value': () => new Headers({ a: 'x\ny' }),
  'Headers of a pair that is none': () => new Headers([['a']]),
  'forEach': () => {
    const seen = [];
    new Headers({ b: '2', a: '1' }).forEach((value, name) => seen.push([name, value]));
    return seen;
  },
  'Blob': async () => {
    const blob = new Blob(['aé', new Uint8Array([1, 2]), new Blob(['x'])], { type: 'Text/Plain' });
    return [blob.size, blob.type, await blob.slice(0, 1).text(), await bytes(blob), await blob.slice(-2, -1, 'a/b').text(), blob.slice(1, 2, 'A/b').type, await new Blob().text(), String(blob)];
  },
  'Blob of no list': () => new Blob('text'),
  'File': async () => {
    const file = new File(['abc'], 'a.txt', { type: 'text/plain', lastModified: 5 });
    return [file.name, file.size, file.type, file.lastModified, await file.text(), file instanceof Blob, String(file)];
  },
  'Blob as a stream': async () => {
    const chunks = [];
    for await (const chunk of new Blob(['abc']).stream()) chunks.push(...chunk);
    return chunks;
  },
  'FormData': async () => {
    const form = new FormData();
    form.append('a', '1');
    form.append('a', 2);
    form.append('f', new Blob(['x'], { type: 'text/x' }), 'x.txt');
    form.append('g', new Blob(['y']));
    form.set('b', 'first');
    form.set('a', 'only');
    const file = form.get('f');
    return [[...form.keys()], form.getAll('a'), form.has('zz'), file.name, file.type, await file.text(), form.get('g').name, form.get('none'), [...form.entries()].length];
  },
  'FormData on the wire and back': async () => {
    const form = new FormData();
    form.append('text "x"', 'line1\nline2');
    form.append('file', new File([new Uint8Array([0, 255, 13, 10])], 'bin.dat', { type: 'application/x-y' }));
    const response = new Response(form);
    const type = response.headers.get('content-type').replace(/boundary=.*/, '');
    const back = await response.formData();
    return [type, back.get('text "x"'), back.get('file').name, back.get('file').type, await bytes(back.get('file'))];
  },
  'urlencoded forms': async () => [...await new Response(new URLSearchParams({ a: '1', b: 'x y' })).formData()],
  'a body that is no form': () => new Response('x').formData(),
  'Response': async () => {
    const response = new Response('héllo', { status: 201, statusText: 'Made', headers: { 'X-A': '1' } });
    const copy = response.clone();
    return [response.status, response.statusText, response.ok, response.url, response.type, response.redirected, [...response.headers], await response.text(), response.bodyUsed, copy.bodyUsed, await copy.text()];
  },
  'a body can be read once': async () => {
    const response = new Response('a');
    await response.text();
    return response.text();
  },
  'Response.json': async () => {
    const response = Response.json({ a: [1] }, { status: 202 });
    return [response.status, response.headers.get('content-type'), await response.json()];
  },
  'Response.error and redirect': () => [Response.error().type, Response.error().status, Response.redirect('http://a/b', 301).headers.get('location'), Response.redirect('http://a/').status],
  'Response.redirect with another status': () => Response.redirect('http://a/', 200),
  'Response with a status that is none': () => new Response('', { status: 99 }),
  'Response that cannot have a body': () => new Response('x', { status: 204 }),
  'bodies of all kinds': async () => Promise.all([
    new Response(new Uint8Array([1, 2])).arrayBuffer(), new Response(new Uint8Array([3, 4]).buffer).arrayBuffer(), new Response(new Blob(['b'], { type: 'a/b' })).text(), new Response(5).text(), new Response({}).text(), new Response(null).text(), new Response().text(),
    new Response('[1,2]').json(), new Response(new URLSearchParams('a=1')).text(), new Response(new ReadableStream({ start(controller) { controller.enqueue(new TextEncoder().encode('streamed')); controller.close(); } })).text(),
  ]),
  'content types of bodies': () => ['x', new URLSearchParams(), new Blob([], { type: 'a/b' }), new Blob([]), new Uint8Array(1), null].map((body) => new Response(body).headers.get('content-type')),
  'body as a stream': async () => {
    const response = new Response('abc');
    const reader = response.body.getReader();
    const { value } = await reader.read();
    return [new TextDecoder().decode(value), (await reader.read()).done, response.bodyUsed, new Response(null).body];
  },
  'blob of a body': async () => {
    const blob = await new Response('x', { headers: { 'content-type': 'a/b' } }).blob();
    return [blob.type, await blob.text()];
  },
  'JSON that is none': () => new Response('{').json(),
  'Request': async () => {
    const request = new Request('http://example.com/a b?c#d', { method: 'post', body: 'x', headers: { A: '1' } });
    const copy = request.clone();
    const again = new Request(copy, { method: 'PUT' });
    return [request.url, request.method, [...request.headers], await request.text(), again.method, await again.text(), request.redirect, request.signal.aborted, new Request('http://a').body];
  },
  'Request of a relative address': () => new Request('/a'),
  'Request with a body that it cannot have': () => new Request('http://a', { body: 'x' }),
  'Request with a password in its address': () => new Request('http://u:p@a'),
  'Request with a method that is none': () => new Request('http://a', { method: 'a b' }),
  'Request with a forbidden method': () => new Request('http://a', { method: 'TRACE' }),
  'methods': () => ['get', 'Post', 'patch', 'PATCH', 'custom'].map((method) => new Request('http://a', { method }).method),
  'fetch of a relative address': () => fetch('/a'),
  'fetch with an aborted signal': () => fetch('http://127.0.0.1:9', { signal: AbortSignal.abort() }),
  'structuredClone': () => {
    const shared = { s: 1 };
    const value = {
      a: 1, b: [1, , 3], c: new Date(5), d: /x/gi, e: new Map([[shared, new Set([1])]]), f: shared, g: null, h: undefined, i: 10n, j: new Uint8Array([1, 2]).subarray(1), k: new Uint8Array([9]).buffer,
      l: Object(1), m: NaN, n: -0, o: new RangeError('bad'), p: { nested: { deep: [] } },
    };
    const copy = structuredClone(value);
    return [copy, copy.f === [...copy.e.keys()][0], copy.f !== shared, copy.o instanceof RangeError, copy.j.byteLength, copy.j.buffer.byteLength, copy.b.length, 1 in copy.b];
  },
  'structuredClone of circles': () => {
    const value = { list: [] };
    value.list.push(value);
    const copy = structuredClone(value);
    return copy.list[0] === copy && copy !== value;
  },
  'structuredClone drops prototypes and accessors': () => {
    class Point { x = 1; get y() { return 2; } }
    const copy = structuredClone(Object.assign(new Point(), { get z() { return 3; } }));
    return [copy, Object.getPrototypeOf(copy) === Object.prototype];
  },
  'structuredClone of a function': () => structuredClone({ a: () => {} }),
  'structuredClone of a symbol': () => structuredClone(Symbol('x')),
  'structuredClone of a promise': () => structuredClone(Promise.resolve()),
  'structuredClone without a value': () => structuredClone(),
  'structuredClone moves buffers': () => {
    const buffer = new Uint8Array([1, 2]).buffer;
    const copy = structuredClone({ buffer }, { transfer: [buffer] });
    return [buffer.byteLength, copy.buffer.byteLength];
  },
  'DOMException': () => {
    const error = new DOMException('m', 'AbortError');
    return [error.name, error.message, error.code, error instanceof Error, DOMException.ABORT_ERR];
  },
  'atob and btoa': () => [btoa('héllo'.slice(0, 2)), atob('aGk='), atob(' a G k = '), btoa('')],
  'atob of nonsense': () => atob('a'),
  'btoa of more than bytes': () => btoa('€'),
  'TextEncoder and TextDecoder': () => [
    new TextEncoder().encode('é😀\ud800'), new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), new TextDecoder('utf-16le').decode(new Uint8Array([97, 0])), new TextDecoder('latin1').encoding,
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).length, new TextDecoder().decode(new Uint8Array([255])),
  ],
  'TextDecoder that is strict': () => new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])),
  'streams': async () => {
    const upper = new TransformStream({ transform(chunk, controller) { controller.enqueue(chunk.toUpperCase()); } });
    const source = new ReadableStream({ start(controller) { controller.enqueue('a'); controller.enqueue('b'); controller.close(); } });
    const seen = [];
    for await (const chunk of source.pipeThrough(upper)) seen.push(chunk);
    const written = [];
    const writer = new WritableStream({ write(chunk) { written.push(chunk); } }).getWriter();
    await writer.write(1);
    await writer.close();
    return [seen, written];
  },
  'process': () => [typeof process.env, process.env.NOTHING, typeof process.cwd(), typeof process.nextTick, process.platform.length > 0, typeof process.hrtime.bigint(), process.hrtime().length, Array.isArray(process.argv)],
  'global': () => [global === globalThis, typeof performance.now(), typeof performance.timeOrigin],
  'nextTick has arguments': () => new Promise((resolve) => { process.nextTick((...given) => resolve(given), 1, 2); }),
  'crypto': () => [crypto.randomUUID().length, crypto.getRandomValues(new Uint8Array(4)).length],
};
