import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { human, newThread, okJson, refusal, runWait } from "../support/calls.ts";
import { project } from "../support/project.ts";
import { startTestServer, testServer, type TestServer } from "../support/test-server.ts";

const authFile = (name: string): string =>
  fileURLToPath(new URL(`../support/auth/${name}.ts`, import.meta.url));

const as = (name: string) => ({ authorization: `Bearer user:${name}` });
const open: (TestServer | Disposable)[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed())
    await (Symbol.asyncDispose in one ? one[Symbol.asyncDispose]() : one[Symbol.dispose]());
});

async function serverWith(name: string, more: object = {}): Promise<TestServer> {
  const folder = project({ auth: { path: `${authFile(name)}:auth`, ...more } });
  open.push(folder);
  const server = await testServer({ langgraph: folder.langgraph });
  open.push(server);
  return server;
}

describe("auth.path", () => {
  it("asks everybody but those who want to know whether the server is there", async () => {
    const server = await serverWith("owners");
    await okJson(server.get("/ok"));
    await okJson(server.get("/info"));
    const response = await server.post("/threads", {});
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect(await refusal(response, 401)).toMatchObject({ detail: "Who are you?" });
    await refusal(server.get("/assistants/echo"), 401);
    await refusal(server.post("/threads/search", {}, { "x-auth-scheme": "langsmith" }), 401);
  });

  it("keeps what one user makes from every other", async () => {
    const server = await serverWith("owners");
    const { thread_id } = await okJson(server.post("/threads", {}, as("ann")));
    await refusal(server.get(`/threads/${thread_id}`, as("bob")), 404);
    expect(await okJson(server.post("/threads/search", {}, as("bob")))).toEqual([]);
    const theirs = await okJson(server.post("/threads/search", {}, as("ann")));
    expect(theirs).toMatchObject([{ thread_id, metadata: { owner: "ann" } }]);
    const taken = { thread_id, if_exists: "do_nothing" };
    await refusal(server.post("/threads", taken, as("bob")), 409);
    await okJson(server.post("/threads", taken, as("ann")));
  });

  it("takes no owner from a body", async () => {
    const server = await serverWith("owners");
    const forged = { metadata: { owner: "bob", note: "a" } };
    const { thread_id, metadata } = await okJson(server.post("/threads", forged, as("ann")));
    expect(metadata).toEqual({ owner: "ann", note: "a" });
    const path = `/threads/${thread_id}`;
    const patched = await okJson(server.patch(path, forged, as("ann")));
    expect(patched.metadata).toEqual({ owner: "ann", note: "a" });
    const run = { assistant_id: "echo", input: human("hi"), metadata: { owner: "bob" } };
    expect((await okJson(server.post(`${path}/runs`, run, as("ann")))).metadata).toMatchObject({
      owner: "ann",
    });
  });

  it("tells the graph who its run is for, whatever the client says", async () => {
    const server = await serverWith("owners");
    const api = {
      ...server,
      post: (path: string, body?: unknown) => server.post(path, body, as("ann")),
    };
    const configurable = {
      langgraph_auth_user: { identity: "root" },
      langgraph_auth_user_id: "root",
    };
    const { seen } = await runWait(api, await newThread(api), {
      assistant_id: "echo",
      input: human("hi"),
      config: { configurable },
    });
    expect(seen.configurable).toMatchObject({
      langgraph_auth_user: {
        identity: "ann",
        display_name: "ann",
        is_authenticated: true,
        permissions: ["threads:write"],
        team: "team-ann",
      },
      langgraph_auth_user_id: "ann",
      langgraph_auth_permissions: ["threads:write"],
    });
    expect(seen.configurable.langgraph_auth_user).not.toHaveProperty("key_id");
  });

  it("makes stateless runs that only their user can see", async () => {
    const server = await serverWith("owners");
    const run = await okJson(
      server.post("/runs", { assistant_id: "echo", input: human("hi") }, as("ann")),
    );
    await refusal(server.get(`/runs/${run.run_id}/stream`, as("bob")), 404);
    expect((await server.get(`/runs/${run.run_id}/stream`, as("ann"))).status).toBe(200);
  });

  it("starts a cron's runs as who has made it", async () => {
    const server = await serverWith("owners");
    const cron = { assistant_id: "echo", schedule: "* * * * *", input: human("hi") };
    const made = await okJson(
      server.post("/runs/crons", { ...cron, on_run_completed: "keep" }, as("ann")),
    );
    expect(made).toMatchObject({ user_id: "ann", metadata: { owner: "ann" } });
    await refusal(server.get(`/runs/crons/${made.cron_id}`, as("bob")), 404);
    server.advance(60_000);
    await server.ctx.background.tick();
    const [thread] = await okJson(server.post("/threads/search", {}, as("ann")));
    expect(thread.metadata).toMatchObject({ owner: "ann", cron_id: made.cron_id });
    const [run] = await okJson(server.get(`/threads/${thread.thread_id}/runs`, as("ann")));
    const result = await okJson(
      server.get(`/threads/${thread.thread_id}/runs/${run.run_id}/join`, as("ann")),
    );
    expect(result.seen.configurable).toMatchObject({ langgraph_auth_user_id: "ann" });
    expect(await okJson(server.post("/threads/search", {}, as("bob")))).toEqual([]);
  });

  it("gives each user their own Idempotency-Keys", async () => {
    const server = await serverWith("owners");
    const key = { "idempotency-key": "same" };
    const ann = await okJson(server.post("/threads", {}, { ...as("ann"), ...key }));
    const bob = await okJson(server.post("/threads", {}, { ...as("bob"), ...key }));
    expect(bob.thread_id).not.toBe(ann.thread_id);
    const again = await okJson(server.post("/threads", {}, { ...as("ann"), ...key }));
    expect(again.thread_id).toBe(ann.thread_id);
  });

  it("never gives users the keys of the server, whatever a handler for all says", async () => {
    const server = await serverWith("owners");
    await refusal(server.get("/keys", as("ann")), 403);
    await refusal(server.post("/keys", { name: "mine", admin: true }, as("ann")), 403);
    expect(await server.ctx.storage.apiKeys.list()).toEqual([]);
  });
});

describe("an auth handler", () => {
  const user = (name: string) => ({ "x-user": name });

  it("that is more specific wins, and what none was written for is refused", async () => {
    const server = await serverWith("picky");
    const made = await okJson(server.post("/threads", {}, user("banned")));
    expect(made.metadata).toEqual({ made_by: "banned" });
    await refusal(server.get(`/threads/${made.thread_id}`, user("banned")), 403);
    await okJson(server.get(`/threads/${made.thread_id}`, user("guest")));
    // `threads` comes before `*:delete`.
    expect((await server.request(`/threads/${made.thread_id}`, { method: "DELETE" })).status).toBe(
      204,
    );
    expect(await refusal(server.get("/assistants/echo"), 403)).toMatchObject({
      detail: "No auth handler allows assistants:read",
    });
    await refusal(server.post("/runs/crons/search", {}), 403);
    await refusal(server.get("/webhooks/deliveries"), 403);
  });

  it("lets whoever may start runs use the graphs themselves", async () => {
    const server = await serverWith("picky");
    const run = { assistant_id: "echo", input: human("hi") };
    expect(await okJson(server.post("/runs/wait", run))).toHaveProperty("messages");
  });

  it.each([
    ["teapot", 418, "short and stout"],
    ["leaky", 500, "Internal server error"],
    ["wrong", 500, "Internal server error"],
  ])(
    "that answers wrongly or throws (%s) is answered %i without detail",
    async (name, status, detail) => {
      const server = await serverWith("picky");
      const body = await refusal(server.post("/threads", {}, user(name)), status);
      expect(body.detail).toBe(detail);
    },
  );

  it.each([
    ["crash", 500],
    ["number", 500],
    ["nobody", 401],
  ])("that cannot say who it is (%s) lets nobody in", async (name, status) => {
    const server = await serverWith("picky");
    const body = await refusal(server.post("/threads/search", {}, user(name)), status);
    expect(JSON.stringify(body)).not.toContain("1234");
  });

  it("that answers a filter stamps what is made by it, or refuses what would not meet it", async () => {
    const server = await serverWith("picky");
    const stamped = { metadata: { owner: "somebody" } };
    const made = await okJson(server.post("/threads", stamped, user("stamped")));
    expect(made.metadata).toEqual({ owner: "stamped" });
    await refusal(server.post("/threads", {}, user("shared")), 403);
    await okJson(server.post("/threads", { metadata: { open: true } }, user("shared")));
  });
});

describe("the file of auth.path", () => {
  it.each([
    ["./gone.ts:auth", {}, /auth\.path: .*gone\.ts does not exist/],
    ["./bad.ts:auth", { "bad.ts": "throw new Error('oops')" }, /bad\.ts failed on import: oops/],
    ["./none.ts:auth", { "none.ts": "export {}" }, /none\.ts has no export named "auth"/],
    ["./other.ts:auth", { "other.ts": "export const auth = {}" }, /has to export an Auth/],
    ["./plain.ts", { "plain.ts": "export const auth = 1" }, /no export named "default"/],
  ])("stops the start when it cannot be used: %s", async (path, files, message) => {
    using folder = project({ auth: { path } }, files);
    await expect(testServer({ langgraph: folder.langgraph })).rejects.toThrow(message);
  });
});

describe("Studio", () => {
  const studio = { "x-auth-scheme": "langsmith" };
  const listening = async (settings: object, auth: object = {}) => {
    const folder = project({ auth: { path: `${authFile("owners")}:auth`, ...auth } });
    open.push(folder);
    const server = await startTestServer({ langgraph: folder.langgraph, settings });
    open.push(server);
    return server;
  };

  it("is let in on this machine, and the handlers know it", async () => {
    const server = await listening({});
    await okJson(server.post("/threads", {}, as("ann")));
    expect(await okJson(server.post("/threads/search", {}, studio))).toHaveLength(1);
    await refusal(server.get("/keys", studio), 403);
  });

  it.each([
    ["langgraph.json says so", {}, { disable_studio_auth: true }, {}],
    ["the setting says so", { studio_auth: false }, {}, {}],
    ["other machines can ask", { host: "0.0.0.0" }, {}, {}],
    ["a proxy stands between", {}, {}, { "x-forwarded-for": "203.0.113.9" }],
  ])("is not let in when %s", async (_why, settings, auth, headers) => {
    const server = await listening(settings, auth);
    const url = server.url.replace("0.0.0.0", "127.0.0.1");
    const response = await fetch(`${url}/threads/search`, {
      method: "POST",
      headers: { ...studio, ...headers },
      body: "{}",
    });
    expect(await refusal(response, 401)).toMatchObject({ detail: "Who are you?" });
  });
});
