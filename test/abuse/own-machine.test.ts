import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { okJson } from "../support/calls.ts";
import { project } from "../support/project.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

const EVIL = "https://evil.example";
const STUDIO = "https://smith.langchain.com";

let server: ListeningServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server[Symbol.asyncDispose]());

interface Answer {
  status: number;
  headers: Record<string, unknown>;
}

/** Sends any headers, also those that fetch does not let one set. */
function ask(
  method: string,
  path: string,
  headers: Record<string, string>,
  to: ListeningServer = server,
): Promise<Answer> {
  const { hostname, port } = new URL(to.url);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
    answer.resume();
    resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
  });
  sent.on("error", reject);
  sent.end(method === "POST" ? "{}" : undefined);
  return promise;
}

const socketOf = (headers: Record<string, string>, thread: string) =>
  new WebSocket(`${server.url.replace("http", "ws")}/threads/${thread}/stream/events`, { headers });

/** "open", or why a WebSocket was not opened. */
async function openSocket(
  headers: Record<string, string>,
  thread: string = crypto.randomUUID(),
): Promise<string> {
  const socket = socketOf(headers, thread);
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("open", () => resolve("open"));
  socket.on("error", (error) => resolve(error.message));
  const outcome = await promise;
  socket.close();
  return outcome;
}

/** What is answered when the state of a thread is asked for over a WebSocket. */
async function getStateOver(headers: Record<string, string>, thread: string): Promise<unknown> {
  const socket = socketOf(headers, thread);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  socket.on("open", () => socket.send(JSON.stringify({ id: 1, method: "state.get", params: {} })));
  socket.on("message", (data: Buffer) => resolve(JSON.parse(data.toString())));
  socket.on("error", reject);
  const reply = await promise;
  socket.close();
  return reply;
}

const threads = async (): Promise<number> =>
  (
    await server.ctx.storage.threads.search(
      {},
      {
        limit: 1,
        offset: 0,
        sort_by: "thread_id",
        sort_order: "asc",
      },
    )
  ).total;

describe("A11: a page of a stranger, seen on the machine of the server", () => {
  it.each(["evil.example", "evil.example:2024", "127.0.0.1.evil.example", "[::2]", "0.0.0.0"])(
    "cannot use the server under the name %j",
    async (host) => {
      expect(await ask("POST", "/threads", { host })).toMatchObject({ status: 403 });
      expect(await ask("GET", "/ok", { host })).toMatchObject({ status: 403 });
      expect(await threads()).toBe(0);
    },
  );

  it.each(["localhost", "LOCALHOST:99", "127.0.0.1", "127.9.9.9:1", "[::1]:5", "app.localhost"])(
    "is not what asks for %j",
    async (host) => {
      expect(await ask("POST", "/threads", { host })).toMatchObject({ status: 200 });
    },
  );

  it.each([
    EVIL,
    "null",
    "http://127.0.0.1.evil.example",
    "https://smith.langchain.com.evil.example",
    "https://evilsmith.langchain.com.example",
    "file://",
  ])("of origin %j makes nothing and reads nothing", async (origin) => {
    for (const type of ["application/json", "text/plain;charset=UTF-8"])
      expect(await ask("POST", "/threads", { origin, "content-type": type })).toMatchObject({
        status: 403,
      });
    const read = await ask("GET", "/info", { origin });
    expect(read.status).toBe(403);
    expect(read.headers).not.toHaveProperty("access-control-allow-origin");
    expect(await threads()).toBe(0);
  });

  it("that sends no origin is known by what its browser says", async () => {
    const foreign = { "sec-fetch-site": "cross-site" };
    expect(await ask("POST", "/threads", foreign)).toMatchObject({ status: 403 });
    const image = { ...foreign, "sec-fetch-mode": "no-cors" };
    expect(await ask("GET", "/info", image)).toMatchObject({ status: 403 });
    const visit = { ...foreign, "sec-fetch-mode": "navigate" };
    expect(await ask("GET", "/info", visit)).toMatchObject({ status: 200 });
    expect(await ask("POST", "/threads", visit)).toMatchObject({ status: 403 });
  });

  it("is given nothing by a preflight, and Studio all it needs", async () => {
    const wants = {
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,x-auth-scheme",
      "access-control-request-private-network": "true",
    };
    const foreign = await ask("OPTIONS", "/threads", { origin: EVIL, ...wants });
    expect(foreign.headers).not.toHaveProperty("access-control-allow-origin");
    expect(foreign.headers).not.toHaveProperty("access-control-allow-private-network");
    const studio = await ask("OPTIONS", "/threads", { origin: STUDIO, ...wants });
    expect(studio).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": STUDIO,
        "access-control-allow-private-network": "true",
        "access-control-allow-headers": "content-type,x-auth-scheme",
      },
    });
  });

  it("opens no WebSocket, whatever it is known by", async () => {
    const fetchSite = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "websocket" };
    for (const headers of [{ origin: EVIL }, { host: "evil.example" }, fetchSite])
      expect(await openSocket(headers)).toContain("403");
    expect(await openSocket({ origin: STUDIO })).toBe("open");
    expect(await openSocket({ host: "localhost" })).toBe("open");
  });
});

describe("a WebSocket of a server with keys", () => {
  it("opens only with one of them, and for threads of its owner", async () => {
    const operator = { "x-api-key": server.localSecret };
    const keyOf = async (name: string) => {
      const { secret } = await okJson(server.post("/keys", { name }, operator));
      return { "x-api-key": String(secret) };
    };
    const [ann, bob] = [await keyOf("ann"), await keyOf("bob")];
    const { thread_id } = await okJson(server.post("/threads", {}, ann));
    expect(await openSocket({}, thread_id)).toContain("401");
    expect(await openSocket({ "x-api-key": "kg_guess" }, thread_id)).toContain("401");
    expect(await openSocket(ann, thread_id)).toBe("open");
    expect(await getStateOver(ann, thread_id)).toMatchObject({ type: "success" });
    expect(await getStateOver(bob, thread_id)).toMatchObject({ type: "error" });
  });
});

describe("pages that may", () => {
  it.each([STUDIO, "https://eu.smith.langchain.com", "http://localhost:3000", "http://[::1]:5173"])(
    "are those of %s",
    async (origin) => {
      const answer = await ask("POST", "/threads", { origin, "content-type": "text/plain" });
      expect(answer).toMatchObject({
        status: 200,
        headers: { "access-control-allow-origin": origin },
      });
    },
  );

  it("are those of the server itself and those that its operator names", async () => {
    await using named = await startTestServer({
      settings: { cors_origins: "https://app.example", allowed_hosts: "agent.example" },
    });
    const send = (headers: Record<string, string>) => ask("POST", "/threads", headers, named);
    expect(await send({ origin: "https://app.example" })).toMatchObject({ status: 200 });
    expect(await send({ origin: EVIL })).toMatchObject({ status: 403 });
    const own = { host: "agent.example", origin: "https://agent.example" };
    expect(await send(own)).toMatchObject({ status: 200 });
    expect(await send({ ...own, host: "other.example" })).toMatchObject({ status: 403 });
  });

  it("are not all, though a star says so, until requests have to show a key", async () => {
    using folder = project({ http: { cors: { allow_origins: ["*"] } } });
    await using starred = await startTestServer({ langgraph: folder.langgraph });
    const send = (headers: object) =>
      ask("POST", "/threads", { origin: EVIL, ...headers }, starred);
    expect(await send({})).toMatchObject({ status: 403 });
    const made = await starred.post("/keys", { name: "a" }, { "x-api-key": starred.localSecret });
    const { secret } = (await made.json()) as { secret: string };
    expect(await send({})).toMatchObject({ status: 401 });
    expect(await send({ "x-api-key": secret, host: "agent.example" })).toMatchObject({
      status: 200,
      headers: { "access-control-allow-origin": "*" },
    });
  });
});
