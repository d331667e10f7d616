import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { refusal } from "../support/calls.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

const MB = 1024 * 1024;

let server: ListeningServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server[Symbol.asyncDispose]());

const send = (body: NonNullable<RequestInit["body"]>, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/threads`, { method: "POST", body, headers, duplex: "half" });

/** So many bytes in pieces, without a length said before. */
const chunked = (bytes: number): ReadableStream<Uint8Array> => {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(new Uint8Array(Math.min(left, MB)).fill(0x20));
      left -= MB;
    },
  });
};

/** An answer, or that the server hung up in the middle of what nobody reads. */
const statusOrCut = async (sent: Promise<Response>): Promise<number | "cut"> => {
  try {
    return (await sent).status;
  } catch {
    return "cut";
  }
};

describe("A7: a body that is too much", () => {
  it("is not read to its end, with a length and without", async () => {
    expect([413, "cut"]).toContain(await statusOrCut(send(" ".repeat(50 * MB))));
    expect([413, "cut"]).toContain(await statusOrCut(send(chunked(50 * MB))));
    expect((await send("{}")).status).toBe(200);
  });

  it("by its depth is refused before it is parsed", async () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(await refusal(send(`{"metadata":{"a":${deep}}}`), 422)).toMatchObject({
      detail: expect.stringContaining("64 levels"),
    });
    const text = JSON.stringify({ metadata: { text: `${"[".repeat(100_000)}\\"{{"` } });
    expect((await send(text)).status).toBe(200);
  });

  it.each(["[".repeat(1000), `"${"\\\\".repeat(1000)}`, `{"a${"\\".repeat(1001)}`])(
    "that never ends is refused as what it is: %#",
    async (body) => {
      expect([400, 422]).toContain((await send(body)).status);
    },
  );

  it("by its number of values is refused before it is parsed", async () => {
    const keys = Array.from({ length: 1_000_000 }, (_, n) => `"k${n}":1`).join(",");
    await refusal(send(`{"metadata":{${keys}}}`), 413);
    await refusal(send(`{"metadata":{"a":[${"1,".repeat(8_000_000)}1]}}`), 413);
    const table = JSON.stringify({ metadata: { table: "1,".repeat(1_000_000) } });
    expect((await send(table)).status).toBe(200);
  });

  it("is never unpacked", async () => {
    const bomb = gzipSync(Buffer.alloc(100 * MB, 0x20));
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    expect(await refusal(send(new Uint8Array(bomb), headers), 415)).toMatchObject({
      detail: expect.stringContaining("gzip"),
    });
  });
});

describe("A8: text that is not what it seems", () => {
  it.each([
    ["invalid UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ["an overlong slash", new Uint8Array([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])],
  ])("%s is refused", async (_name, body) => {
    await refusal(send(body), 400);
    expect((await send("{}")).status).toBe(200);
  });

  it.each([
    [`{"metadata":{"a":"\\u0000"}}`],
    [`{"metadata":{"a\\u0000b":1}}`],
    [`{"metadata":{"a":"\\ud800"}}`],
    [`{"metadata":{"\\udc00":1}}`],
    [`{"metadata":{"deep":[{"owner\\u0000":"root"}]}}`],
    [`{"metadata":{"lc":1,"type":"constructor","id":["x"]}}`],
    [`{"metadata":{"deep":{"lc":2}}}`],
    [`{"metadata":{"__proto__":{"admin":true}}}`],
  ])("%s is refused", async (body) => {
    await refusal(send(body), 422);
    expect(Object.hasOwn(Object.prototype, "admin")).toBe(false);
  });

  it.each([
    "a\r\nevent: end\r\ndata: {}\r\n\r\n",
    "a\nid: 9\n\nretry: 1",
    "\u2028\u2029",
    "羚伊 \u{1f9a9}",
  ])("%j comes back as it was, and adds no frame to a stream", async (text) => {
    const run = {
      assistant_id: "echo",
      input: { messages: [{ role: "user", content: text }] },
      stream_mode: "values",
    };
    const stream = await (await server.post("/runs/stream", run)).text();
    const frames = stream.split("\n\n").filter((frame) => frame.startsWith("id:"));
    const events = frames.map((frame) => /^event: (.*)$/m.exec(frame)?.[1]);
    expect(events).toEqual(["metadata", "values", "values", "end"].slice(0, events.length));
    const last = frames.findLast((frame) => frame.includes("event: values")) ?? "";
    const data = last.split("\n").find((line) => line.startsWith("data: "));
    const values = JSON.parse(data?.slice("data: ".length) ?? "");
    expect(values.messages.at(-1).content).toBe(`echo: ${text}`);
  });
});
