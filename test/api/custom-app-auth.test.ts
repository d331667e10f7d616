/* oxlint-disable vitest/expect-expect -- okJson and refusal hold the assertions */
import { pino } from "pino";
import { createApp } from "../../src/app.ts";
import { openContext } from "../../src/container.ts";
import { describe, expect, it } from "vitest";
import { okJson, refusal } from "../support/calls.ts";
import { project } from "../support/project.ts";
import { testOptions, testServer } from "../support/test-server.ts";

const moduleOf = (name: string): string => JSON.stringify(import.meta.resolve(name));

const APP = `
  import { Hono } from ${moduleOf("hono")};
  export const app = new Hono();
  app.use(async (c, next) => {
    c.header("x-user", c.get("auth")?.user?.identity ?? "nobody");
    await next();
  });
  app.get("/mine", (c) => c.json({ mine: true }));
  app.all("/proxy/*", (c) => c.json({ proxied: true }));
  app.get("/info", (c) => c.json({ mine: true }));
`;
const AUTH = `
  import { Auth, HTTPException } from ${moduleOf("@langchain/langgraph-sdk/auth")};
  let asked = 0;
  export const auth = new Auth().authenticate((request) => {
    const name = request.headers.get("x-name");
    if (name === null) throw new HTTPException(401, { message: "who are you?" });
    asked += 1;
    return { identity: name, permissions: [], asked };
  }).on("*", () => true);
`;

async function serverOf(http: object) {
  const fields = { auth: { path: "./auth.ts:auth" }, http: { app: "./app.ts:app", ...http } };
  const folder = project(fields, { "app.ts": APP, "auth.ts": AUTH });
  const server = await testServer({ langgraph: folder.langgraph });
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

const ann = { "x-name": "ann" };

describe("the routes of http.app", () => {
  it("are everybody's, and its middleware does not know who asks", async () => {
    await using server = await serverOf({});
    await okJson(server.get("/mine"));
    const found = await server.get("/assistants/echo", ann);
    expect([found.status, found.headers.get("x-user")]).toEqual([200, "nobody"]);
  });

  it("are for users alone with enable_custom_route_auth, whatever they are declared as", async () => {
    await using server = await serverOf({ enable_custom_route_auth: true });
    for (const path of ["/mine", "/proxy/a", "/info", "/nothing"])
      await refusal(server.get(path), 401);
    for (const path of ["/mine", "/proxy/a", "/info"])
      expect((await server.get(path, ann)).headers.get("x-user")).toBe("ann");
    await okJson(server.get("/ok"));
    await refusal(server.get("/assistants/echo"), 401);
    await okJson(server.get("/assistants/echo", ann));
  });

  it("learn with auth_first who asks the server, which asks the handlers once", async () => {
    await using server = await serverOf({ middleware_order: "auth_first" });
    await okJson(server.get("/mine"));
    const found = await server.get("/assistants/echo", ann);
    expect([found.status, found.headers.get("x-user")]).toEqual([200, "ann"]);
    const thread = await okJson(server.post("/threads", {}, ann));
    const run = { assistant_id: "echo", input: {} };
    await okJson(server.post(`/threads/${thread.thread_id}/runs/wait`, run, ann));
    const kept = await server.ctx.storage.runs.list(thread.thread_id, { limit: 1, offset: 0 });
    expect(kept[0]?.kwargs.user).toMatchObject({ identity: "ann", asked: 3 });
  });

  it("are below the prefix like all others", async () => {
    await using server = await serverOf({ enable_custom_route_auth: true, mount_prefix: "/a" });
    await refusal(server.get("/a/mine"), 401);
    await okJson(server.get("/a/mine", ann));
    await okJson(server.get("/a/ok"));
    await okJson(server.get("/ok"));
  });
});

describe("http.logging_headers", () => {
  it("are in the log of requests, and no others", async () => {
    using folder = project({
      http: { logging_headers: { include: ["x-*", "cookie"], exclude: ["x-b"] } },
    });
    const lines: string[] = [];
    const log = pino({ level: "debug" }, { write: (line) => lines.push(line) });
    const { ctx, close } = await openContext({
      ...testOptions({ langgraph: folder.langgraph }),
      log,
    });
    const headers = { "x-a": "1", "x-b": "2", "x-secret": "3", cookie: "4", accept: "5" };
    await createApp(ctx).request("/ok", { headers });
    await close(0);
    const requests = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "request");
    expect(requests).toMatchObject([{ path: "/ok", headers: { "x-a": "1", cookie: "4" } }]);
    expect(Object.keys(requests[0].headers)).toHaveLength(2);
  });
});
