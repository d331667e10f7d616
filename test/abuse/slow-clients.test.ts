import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { okJson } from "../support/calls.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

const open: Socket[] = [];
afterEach(() => open.splice(0).forEach((socket) => socket.destroy()));

async function connected(server: ListeningServer, text = ""): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  open.push(socket);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  if (text !== "") socket.write(text);
  return socket;
}

/** Resolves at the end of a connection, however it ends. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.resume();
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });

const quick = { header_timeout_seconds: 0.2, request_timeout_seconds: 0.4 };

describe("A9: clients that hold a server up", () => {
  it("are cut off while their headers do not come, or no request at all", async () => {
    await using server = await startTestServer({ settings: quick });
    const head = "POST /threads HTTP/1.1\r\nhost: localhost\r\n";
    const slow = await connected(server, head);
    const drip = setInterval(() => slow.write("x-more: 1\r\n"), 50);
    const idle = await connected(server);
    await Promise.all([closed(slow), closed(idle)]);
    clearInterval(drip);
    expect(slow.closed && idle.closed).toBe(true);
    await okJson(server.get("/ok"));
  });

  it("are cut off while their body does not come", async () => {
    await using server = await startTestServer({ settings: quick });
    const head = "POST /threads HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{";
    const slow = await connected(server, head);
    const drip = setInterval(() => slow.write(" "), 50);
    await closed(slow);
    clearInterval(drip);
    const { rows } = await server.ctx.storage.threads.search(
      {},
      { limit: 1, offset: 0, sort_by: "thread_id", sort_order: "asc" },
    );
    expect(rows).toEqual([]);
  });

  it("may not be more than the server can bear, and others are still served", async () => {
    await using server = await startTestServer({ settings: { max_connections: 50 } });
    const crowd = await Promise.all(Array.from({ length: 49 }, () => connected(server)));
    await okJson(server.get("/ok"));
    const beyond = await Promise.all(Array.from({ length: 20 }, () => connected(server)));
    await Promise.all(beyond.slice(1).map(closed));
    expect(crowd.every((socket) => !socket.closed)).toBe(true);
  });

  it("leave a stream alone, which takes longer than any request", async () => {
    await using server = await startTestServer({ settings: quick });
    const run = { assistant_id: "slow", input: {}, stream_mode: "values" };
    const stream = await server.post("/runs/stream", run);
    expect(stream.status).toBe(200);
    const reader = stream.body?.getReader();
    const idle = await connected(server);
    // By the time an idle connection is cut off, the stream is older than every limit.
    await closed(idle);
    const another = await connected(server);
    await closed(another);
    await reader?.cancel();
    expect(another.closed).toBe(true);
  });
});
