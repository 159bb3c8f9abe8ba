import assert from 'node:assert/strict';
import test from 'node:test';
import { answering, boot } from './engine.js';

test('boots', async () => {
  const engine = await boot({ host: answering({ json: { a: [1] } }) });
  assert.deepEqual(await engine.action('const r = await nango.get({endpoint:"/x"}); console.log("hi", {a:1,b:[1,2,{c:3}]}); return {d: r.data, b: Buffer.from("é").toString("base64url"), u: new URL("?a=1", "https://x.y/z").searchParams.get("a")}'), { d: { a: [1] }, b: 'w6k', u: '1' });
  console.log(engine.logs, engine.calls[0]);
});
