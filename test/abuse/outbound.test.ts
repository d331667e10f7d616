import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { human, newThread, okJson } from "../support/calls.ts";
import { hookReceiver } from "../support/hook-receiver.ts";
import { testServer, type TestServer } from "../support/test-server.ts";

let hooks: Awaited<ReturnType<typeof hookReceiver>>;
let server: TestServer;
beforeAll(async () => {
  hooks = await hookReceiver();
  server = await testServer({ settings: { test_routes: true } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await hooks[Symbol.asyncDispose]();
});

/** This machine and its neighbours, in all the ways they can be written. */
const HOSTS = [
  "127.0.0.1",
  "127.1",
  "0",
  "0.0.0.0",
  "2130706433",
  "0x7f000001",
  "0177.0.0.1",
  "localhost",
  "LOCALHOST.",
  "a.localhost",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[64:ff9b::7f00:1]",
  "user@127.0.0.1",
  "evil.example@127.0.0.1",
  "169.254.169.254",
  "[fe80::1]",
  "10.0.0.1",
  "192.168.0.1",
  "100.64.0.1",
];
const WHOLE = [
  "/internal/truncate",
  "//127.0.0.1/x",
  "file:///etc/passwd",
  "ftp://127.0.0.1/",
  "javascript:alert(1)",
  "http://",
  "no url",
];

describe("A10: a webhook to what only this machine can reach", () => {
  /** What became of the one attempt to deliver. */
  async function deliveryOf({ thread_id, run_id }: { thread_id: string; run_id: string }) {
    await okJson(server.get(`/threads/${thread_id}/runs/${run_id}/join`));
    await server.ctx.background.tick();
    const { rows } = await server.ctx.storage.webhooks.list({ limit: 100, offset: 0 });
    const delivery = rows.find((row) => row.run_id === run_id);
    return delivery?.last_status === null ? `failed: ${delivery.last_error}` : "called";
  }

  const portOf = (): string => new URL(hooks.url).port;

  it.each([...HOSTS.map((host) => `http://${host}:PORT/x`), ...WHOLE])(
    "%s is refused, or never called",
    async (template) => {
      const webhook = template.replace("PORT", portOf());
      const thread = await newThread(server);
      const run = { assistant_id: "echo", input: human("hi"), webhook };
      const answer = await server.post(`/threads/${thread}/runs`, run);
      const outcome = answer.status === 422 ? "refused" : await deliveryOf(await okJson(answer));
      expect(outcome).toMatch(/^(refused|failed: .+)$/);
      expect(hooks.received).toEqual([]);
      await okJson(server.get(`/threads/${thread}`));
    },
  );
});
