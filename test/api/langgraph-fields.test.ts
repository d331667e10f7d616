/* oxlint-disable vitest/expect-expect -- okJson and refusal hold the assertions */
import { describe, expect, it } from "vitest";
import { human, newThread, okJson, refusal, runWait } from "../support/calls.ts";
import { hookReceiver } from "../support/hook-receiver.ts";
import { project } from "../support/project.ts";
import { testServer, type TestServerOptions } from "../support/test-server.ts";

async function serverOf(
  fields: object,
  settings: NonNullable<TestServerOptions["settings"]> = {},
  files: Record<string, string> = {},
) {
  const folder = project(fields, files);
  const server = await testServer({ langgraph: folder.langgraph, settings });
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

describe("http.cors", () => {
  const cors = {
    allow_origins: ["https://a.example"],
    allow_origin_regex: "https://.*\\.b\\.example",
    allow_methods: ["GET"],
    allow_headers: ["x-mine"],
    allow_credentials: true,
    expose_headers: ["x-more"],
    max_age: 5,
  };
  const ask = (method: string, origin: string) => ({
    method,
    headers: { origin, "access-control-request-method": "GET" },
  });

  it("lets in its origins alone, and says so", async () => {
    await using server = await serverOf({ http: { cors } });
    const allowed = async (origin: string) =>
      (await server.get("/ok", { origin })).headers.get("access-control-allow-origin");
    expect(await allowed("https://a.example")).toBe("https://a.example");
    expect(await allowed("https://x.b.example")).toBe("https://x.b.example");
    expect(await allowed("https://x.b.example.evil.example")).toBeNull();
    const { headers } = await server.get("/ok", { origin: "https://a.example" });
    expect(headers.get("access-control-allow-credentials")).toBe("true");
    expect(headers.get("access-control-expose-headers")).toMatch(/content-location.*x-more/);
  });

  it("answers the preflight with its methods, headers and age", async () => {
    await using server = await serverOf({ http: { cors } });
    const { headers } = await server.request("/threads", ask("OPTIONS", "https://a.example"));
    expect(Object.fromEntries(headers)).toMatchObject({
      "access-control-allow-origin": "https://a.example",
      "access-control-allow-methods": "GET",
      "access-control-allow-headers": "x-mine",
      "access-control-allow-credentials": "true",
      "access-control-max-age": "5",
    });
    const foreign = await server.request("/threads", ask("OPTIONS", "https://c.example"));
    expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("names the origin instead of a star where credentials are allowed", async () => {
    await using server = await serverOf({ http: { cors: { allow_credentials: true } } });
    const { headers } = await server.get("/ok", { origin: "https://a.example" });
    expect(headers.get("access-control-allow-origin")).toBe("https://a.example");
  });
});

describe("http.disable_*", () => {
  const THREAD = "0199c0de-0000-7000-8000-000000000000";
  it.each([
    ["assistants", ["/assistants/echo"], `/threads/${THREAD}`],
    ["threads", [`/threads/${THREAD}`, `/threads/${THREAD}/state`], "/assistants/echo"],
    ["runs", [`/threads/${THREAD}/runs`, "/runs/crons/x"], "/assistants/echo"],
    ["meta", ["/info"], "/ok"],
    ["webhooks", ["/webhooks/deliveries"], "/info"],
  ])("switches %s off and nothing else", async (group, off, on) => {
    await using server = await serverOf({ http: { [`disable_${group}`]: true } });
    for (const path of off)
      expect((await refusal(server.get(path), 404)).detail).toMatch(/^No route/);
    const other = await server.get(on);
    expect(await other.text()).not.toMatch(/No route/);
  });

  it("refuses webhooks of runs where they are switched off", async () => {
    await using server = await serverOf({ http: { disable_webhooks: true } });
    const run = { assistant_id: "echo", input: human("hi"), webhook: "https://hooks.example/x" };
    expect((await refusal(server.post("/runs", run), 422)).detail).toContain("disable_webhooks");
  });
});

describe("http.mount_prefix", () => {
  it("is where everything is, besides the health check", async () => {
    await using server = await serverOf({ http: { mount_prefix: "/agents" } });
    await okJson(server.get("/ok"));
    await okJson(server.get("/agents/ok"));
    await okJson(server.get("/agents/assistants/echo"));
    await refusal(server.get("/assistants/echo"), 404);
  });
});

describe("webhooks", () => {
  it("carry the headers of the operator", async () => {
    await using hooks = await hookReceiver();
    const webhooks = { headers: { "X-Token": "is ${{ env.LG_WEBHOOK_TOKEN }}" } };
    await using server = await serverOf(
      { webhooks, env: { LG_WEBHOOK_TOKEN: "secret" } },
      { webhook_allowed_hosts: hooks.host },
    );
    const run = { assistant_id: "echo", input: human("hi"), webhook: hooks.url };
    await runWait(server, await newThread(server), run);
    await server.ctx.background.tick();
    expect(hooks.received.map(({ headers }) => headers["x-token"])).toEqual(["is secret"]);
  });

  it.each([
    [{ allowed_domains: ["hooks.example"] }, "https://other.example/", /host is not among/],
    [{ allowed_ports: [8443] }, "https://hooks.example/", /port 443/],
    [{ require_https: true }, "http://hooks.example/", /no https/],
    [{ max_url_length: 25 }, "https://hooks.example/long", /longer than 25/],
  ])("go where the policy %j allows", async (url, webhook, why) => {
    await using server = await serverOf({ webhooks: { url } });
    const run = { assistant_id: "echo", input: human("hi"), webhook };
    expect((await refusal(server.post("/runs", run), 422)).detail).toMatch(why);
  });
});

describe("checkpointer.ttl", () => {
  const MINUTE = 60_000;

  it("is swept in its interval, so many threads at a time", async () => {
    const ttl = { default_ttl: 1, sweep_interval_minutes: 10, sweep_limit: 2 };
    await using server = await serverOf({ checkpointer: { ttl } });
    const sweep = () => server.ctx.background.tick();
    const count = async () => (await okJson(server.post("/threads/search", {}))).length;
    await sweep();
    for (let index = 0; index < 3; index++) await newThread(server);
    server.advance(2 * MINUTE);
    await sweep();
    expect(await count()).toBe(3);
    server.advance(8 * MINUTE);
    await sweep();
    expect(await count()).toBe(1);
    server.advance(10 * MINUTE);
    await sweep();
    expect(await count()).toBe(0);
  });
});

describe("http.app", () => {
  const HONO = import.meta.resolve("hono");
  const APP = `
    import { Hono } from ${JSON.stringify(HONO)};
    interface Heard { hooks: unknown[] }
    const heard: Heard = { hooks: [] };
    export const app = new Hono();
    app.use(async (c, next) => {
      if (c.req.header("x-stop") !== undefined) return c.text("stopped", 418);
      if (c.req.method === "POST") c.header("x-size", String((await c.req.text()).length));
      await next();
      c.header("x-wrapped", "yes");
    });
    app.get("/mine", (c) => c.json({ mine: true }));
    app.get("/info", (c) => c.json({ version: "my own" }));
    app.get("/fails", () => { throw new Error("a bug of the operator's"); });
    app.post("/hook", async (c) => { heard.hooks.push(await c.req.json()); return c.body(null, 204); });
    app.get("/hooks", (c) => c.json(heard.hooks));
    export const other = 5;
  `;
  const files = { "app.ts": APP };
  const http = { app: "./app.ts:app" };

  it("serves its routes before those of the server", async () => {
    await using server = await serverOf({ http }, {}, files);
    expect(await okJson(server.get("/mine"))).toEqual({ mine: true });
    expect(await okJson(server.get("/info"))).toEqual({ version: "my own" });
    await okJson(server.get("/assistants/echo"));
    expect((await refusal(server.get("/nowhere"), 404)).detail).toContain("/nowhere");
    expect((await refusal(server.get("/fails"), 500)).detail).toBe("Internal server error");
  });

  it("is around the routes of the server, and may read their bodies", async () => {
    await using server = await serverOf({ http }, {}, files);
    const response = await server.post("/threads", { metadata: { a: "灯" } });
    expect(response.headers.get("x-wrapped")).toBe("yes");
    expect(response.headers.get("x-size")).toBe("22");
    expect(await okJson(response)).toMatchObject({ metadata: { a: "灯" } });
    const stopped = await server.get("/ok", { "x-stop": "1" });
    expect([stopped.status, await stopped.text()]).toEqual([418, "stopped"]);
  });

  it("hears webhooks by their path where the policy allows it", async () => {
    const webhooks = { url: { disable_loopback: false } };
    await using server = await serverOf({ http, webhooks }, {}, files);
    const run = { assistant_id: "echo", input: human("hi"), webhook: "/hook" };
    await runWait(server, await newThread(server), run);
    await server.ctx.background.tick();
    expect(await okJson(server.get("/hooks"))).toMatchObject([{ status: "success" }]);
    await refusal(server.post("/runs", { ...run, webhook: "//evil.example/x" }), 422);

    await using strict = await serverOf({ http }, {}, files);
    await refusal(strict.post("/runs", run), 422);
  });

  it.each([
    ["a file that is not there", "./none.ts:app", /none\.ts does not exist/],
    ["an export that is not there", "./app.ts:nothing", /no export named "nothing"/],
    ["an export that is no app", "./app.ts:other", /no app of Hono/],
    ["a file that does not load", "./broken.ts:app", /broken\.ts failed on import: .*oops/],
  ])("stops the start with %s", async (_, app, why) => {
    using folder = project(
      { http: { app } },
      { ...files, "broken.ts": 'throw new Error("oops");' },
    );
    await expect(testServer({ langgraph: folder.langgraph })).rejects.toThrow(why);
  });
});
