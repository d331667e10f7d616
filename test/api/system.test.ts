/* oxlint-disable vitest/expect-expect -- okJson, refusal and gates hold the assertions */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newThread, okJson, refusal, runWait } from "../support/calls.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => void (server = await testServer()));
afterAll(() => server[Symbol.asyncDispose]());

describe("the system routes", () => {
  it("answers /ok", async () => {
    expect(await okJson(server.get("/ok"))).toEqual({ ok: true });
  });

  it("tells in /info what is honoured", async () => {
    expect(await okJson(server.get("/info"))).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      langgraph_js_version: expect.stringMatching(/^1\./),
      context: "js",
      flags: { assistants: true, crons: true },
      host: { kind: "self-hosted" },
    });
  });

  it.each([
    ["GET", "/nowhere"],
    ["POST", "/threads/search/more"],
    ["PUT", "/store/nothing"],
    ["DELETE", "/ok"],
  ])("answers 404 JSON for %s %s", async (method, path) => {
    const body = await refusal(server.request(path, { method }), 404);
    expect(body.code).toBe("not_found");
  });

  it("takes a GET with a JSON content type and no body", async () => {
    await okJson(server.get("/assistants/echo/schemas", { "content-type": "application/json" }));
  });

  it("names each request in its answer, by the client's own name when it gives one", async () => {
    const own = await server.get("/ok", { "x-request-id": "mine-7" });
    expect(own.headers.get("x-request-id")).toBe("mine-7");
    const other = await server.get("/ok");
    expect(other.headers.get("x-request-id")).toMatch(/^[\da-f-]{36}$/);
  });
});

describe("CORS", () => {
  const preflight = (headers: Record<string, string> = {}) =>
    server.request("/threads", {
      method: "OPTIONS",
      headers: {
        origin: "https://studio.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-api-key,x-auth-scheme",
        ...headers,
      },
    });

  it("answers a preflight with the headers it was asked for", async () => {
    const { status, headers } = await preflight();
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.get("access-control-allow-methods")).toContain("PATCH");
    expect(headers.get("access-control-allow-headers")).toBe(
      "content-type,x-api-key,x-auth-scheme",
    );
  });

  it("lets pages of public origins reach a private address when they ask", async () => {
    const name = "access-control-allow-private-network";
    const asked = await preflight({ "access-control-request-private-network": "true" });
    expect(asked.headers.get(name)).toBe("true");
    expect((await preflight()).headers.get(name)).toBeNull();
  });

  it("exposes the headers that clients read", async () => {
    const { headers } = await server.get("/ok", { origin: "https://studio.example" });
    const exposed = headers.get("access-control-expose-headers")?.toLowerCase().split(",");
    expect(exposed?.map((name) => name.trim()).toSorted()).toEqual([
      "content-location",
      "location",
      "warning",
      "x-pagination-next",
      "x-pagination-total",
    ]);
  });

  it("sends the headers with errors too", async () => {
    const response = await server.get("/nowhere", { origin: "https://studio.example" });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  it("lets in the origins of the setting alone", async () => {
    await using strict = await testServer({
      settings: { cors_origins: "https://a.example, https://b.example" },
    });
    const allowed = async (origin: string) =>
      (await strict.get("/ok", { origin })).headers.get("access-control-allow-origin");
    expect(await allowed("https://b.example")).toBe("https://b.example");
    expect(await allowed("https://c.example")).toBeNull();
  });
});

describe("POST /internal/truncate", () => {
  const all = { runs: true, threads: true, assistants: true, checkpointer: true, store: true };

  it("is not there unless it is asked for", async () => {
    const thread = await newThread(server);
    await refusal(server.post("/internal/truncate", all), 404);
    await okJson(server.get(`/threads/${thread}`));
  });

  it("is not there on an address others can reach", async () => {
    await using open = await testServer({ settings: { test_routes: true, host: "0.0.0.0" } });
    await refusal(open.post("/internal/truncate", all), 404);
  });

  it("deletes the kinds named and keeps the system assistants", async () => {
    await using open = await testServer({ settings: { test_routes: true } });
    const thread = await newThread(open);
    await runWait(open, thread, { assistant_id: "echo", input: { note: "a" } });
    expect(await okJson(open.post("/internal/truncate", { store: true }))).toEqual({ ok: true });
    expect(await okJson(open.get(`/threads/${thread}/runs`))).toHaveLength(1);

    await okJson(open.post("/internal/truncate", all));
    await refusal(open.get(`/threads/${thread}`), 404);
    await okJson(open.get("/assistants/echo"));
  });
});
