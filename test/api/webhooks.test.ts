/* oxlint-disable vitest/expect-expect -- okJson and refusal hold the assertions */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  human,
  type Loose,
  newThread,
  okJson,
  refusal,
  runWait,
  startRun,
} from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { type HookReceiver, hookReceiver, status } from "../support/hook-receiver.ts";
import { REPOSITORY, START_MS, type TestServer, testServer } from "../support/test-server.ts";

const SECRET = "a word between the two";
const HOUR = 3_600_000;

let hooks: HookReceiver;
let server: TestServer;
let thread: string;
beforeEach(async () => {
  hooks = await hookReceiver();
  server = await testServer({
    settings: { webhook_secret: SECRET, webhook_allowed_hosts: hooks.host },
  });
  thread = await newThread(server);
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await hooks[Symbol.asyncDispose]();
});

const echo = () => ({ assistant_id: "echo", input: human("hello"), webhook: hooks.url });
const compare = (a: string, b: string) => a.localeCompare(b);
const tick = () => server.ctx.background.tick();
const deliveries = (query = "") => okJson(server.get(`/webhooks/deliveries${query}`));

describe("a webhook", () => {
  it("is told of the end of a run, with its values, signed", async () => {
    await runWait(server, thread, echo());
    await tick();
    const [sent, ...others] = hooks.received;
    expect(others).toEqual([]);
    const [run] = await okJson(server.get(`/threads/${thread}/runs`));
    expect(sent?.body).toMatchObject({
      run_id: run.run_id,
      thread_id: thread,
      status: "success",
      kwargs: { webhook: hooks.url },
      webhook_sent_at: new Date(START_MS).toISOString(),
      values: { messages: [{ content: "hello" }, { content: "echo: hello" }] },
    });
    const [delivery] = await deliveries();
    expect(delivery).toMatchObject({ status: "delivered", attempts: 1, last_status: 200 });
    if (!sent) throw new Error("nothing was sent");
    const { headers, text } = sent;
    expect(headers).toMatchObject({
      "webhook-id": delivery.delivery_id,
      "webhook-timestamp": String(START_MS / 1000),
      "content-type": "application/json",
    });
    const signed = `${delivery.delivery_id}.${START_MS / 1000}.${text}`;
    const expected = createHmac("sha256", SECRET).update(signed).digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${expected}`);
  });

  it("is known as genuine by the code that docs/webhooks.md shows", async () => {
    await runWait(server, thread, echo());
    await tick();
    const [sent] = hooks.received;
    if (!sent) throw new Error("nothing was sent");
    const page = readFileSync(join(REPOSITORY, "docs", "webhooks.md"), "utf8");
    const [, code = ""] = /```js\n([\s\S]+?)```/.exec(page) ?? [];
    const shown: Loose = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const { headers, text } = sent;
    const isGenuine = (secret: string, body: string, now = START_MS) =>
      shown.isGenuine(secret, headers, body, now);
    expect(isGenuine(SECRET, text)).toBe(true);
    expect(isGenuine(SECRET, `${text} `)).toBe(false);
    expect(isGenuine("another", text)).toBe(false);
    expect(isGenuine(SECRET, text, START_MS + HOUR)).toBe(false);
  });

  it("is told of the values that its own run ended with, though the thread is gone", async () => {
    hooks.answers = [status(500), status(200)];
    await runWait(server, thread, echo());
    await runWait(server, thread, { assistant_id: "echo", input: human("later") });
    await tick();
    await server.del(`/threads/${thread}`);
    server.advance(HOUR);
    await tick();
    expect(hooks.received).toHaveLength(2);
    for (const { body } of hooks.received) expect(body.values.messages).toHaveLength(2);
  });

  it("is told of runs that failed or were cancelled, before they began too", async () => {
    await server.post(`/threads/${thread}/runs/wait`, {
      assistant_id: "failing",
      webhook: hooks.url,
    });
    const slow = { assistant_id: "slow", input: { gate: "hooked" }, webhook: hooks.url };
    const run = await startRun(server, thread, slow);
    await gate("hooked").entered;
    const waiting = await startRun(server, thread, slow);
    for (const { run_id } of [waiting, run])
      await server.post(`/threads/${thread}/runs/${run_id}/cancel?wait=1`);
    await tick();
    const told = hooks.received.map(({ body }): string => body.status).toSorted(compare);
    expect(told).toEqual(["error", "interrupted", "interrupted"]);
  });

  it("is tried again after a while, with the same id and body, until it is taken", async () => {
    hooks.answers = [status(500), status(302, { location: "/elsewhere" }), status(200)];
    await runWait(server, thread, echo());
    await tick();
    await tick();
    expect(hooks.received).toHaveLength(1);
    server.advance(7600);
    await tick();
    expect(hooks.received).toHaveLength(2);
    server.advance(HOUR);
    await tick();
    server.advance(HOUR);
    await tick();
    expect(hooks.received).toHaveLength(3);
    expect(new Set(hooks.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    const bodies = hooks.received.map(({ body: { webhook_sent_at: _at, ...body } }) => body);
    expect(bodies[2]).toEqual(bodies[0]);
    expect(await deliveries()).toMatchObject([{ status: "delivered", attempts: 3 }]);
  });

  it("is given up after many attempts, is listed as dead, and can be replayed", async () => {
    hooks.answers = [status(503)];
    await runWait(server, thread, echo());
    for (let attempt = 0; attempt < 20; attempt++) {
      await tick();
      server.advance(2 * HOUR);
    }
    expect(hooks.received).toHaveLength(12);
    const [dead] = await deliveries("?status=dead");
    expect(dead).toMatchObject({ attempts: 12, last_status: 503, next_attempt_at: null });
    expect(await deliveries("?status=pending")).toEqual([]);

    hooks.answers = [status(200)];
    const path = `/webhooks/deliveries/${dead.delivery_id}`;
    expect((await server.post(`${path}/replay`)).status).toBe(202);
    await refusal(server.post(`${path}/replay`), 409);
    await tick();
    expect(hooks.received.at(-1)?.headers["webhook-id"]).toBe(dead.delivery_id);
    expect(await okJson(server.get(path))).toMatchObject({ status: "delivered", attempts: 1 });
    await refusal(server.post(`/webhooks/deliveries/${thread}/replay`), 404);
  });

  it("never delays its run, and a slow one delays no other", async () => {
    await using slow = await hookReceiver();
    await using both = await testServer({
      settings: { webhook_allowed_hosts: `${hooks.host},${slow.host}` },
    });
    const held = Promise.withResolvers<void>();
    slow.answers = [(response) => void held.promise.then(() => response.end())];
    const at = await newThread(both);
    await runWait(both, at, { ...echo(), webhook: slow.url });
    const ticking = both.ctx.background.tick();
    await slow.count(1);
    await runWait(both, at, echo());
    await hooks.count(1);
    expect(await okJson(both.get("/webhooks/deliveries?status=pending"))).toContainEqual(
      expect.objectContaining({ url: slow.url, last_error: null }),
    );
    held.resolve();
    await ticking;
    expect(hooks.received).toHaveLength(1);
  });

  it.each([
    "/internal/truncate",
    "http://169.254.169.254/latest",
    "http://127.1/",
    "http://0/",
    "http://[::1]/",
    "http://[::ffff:7f00:1]/",
    "http://0x7f000001/",
    "http://someone@example.com/",
    "ftp://example.com/",
  ])("at %s is refused when the run is created", async (webhook) => {
    for (const path of [`/threads/${thread}/runs`, "/runs/stream", "/runs/wait"])
      await refusal(server.post(path, { assistant_id: "echo", webhook }), 422);
    expect(await okJson(server.get(`/threads/${thread}/runs`))).toEqual([]);
  });

  it("whose name stands for an internal address is blocked when it is connected to", async () => {
    const name = "kagari-test.example";
    const { port } = new URL(hooks.url);
    await runWait(server, thread, { ...echo(), webhook: `http://${name}:${port}/` });
    const { default: dns } = await import("node:dns/promises");
    const { vi } = await import("vitest");
    const lookup = vi.spyOn(dns, "lookup");
    lookup.mockResolvedValue([
      { address: "127.0.0.1", family: 4 },
      { address: "8.8.8.8", family: 4 },
    ] as never);
    const { syncBuiltinESMExports } = await import("node:module");
    syncBuiltinESMExports();
    try {
      await tick();
    } finally {
      lookup.mockRestore();
      syncBuiltinESMExports();
    }
    expect(hooks.received).toEqual([]);
    expect(await deliveries("?status=dead")).toMatchObject([
      { attempts: 1, last_error: expect.stringContaining("not public") },
    ]);
  });
});
