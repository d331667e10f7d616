import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { routes } from "../../src/http/routes/index.ts";
import { human, type Loose, newThread, okJson, runWait } from "../support/calls.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe("GET /openapi.json", () => {
  it("has every route of the table", async () => {
    const { openapi, paths } = await okJson(server.get("/openapi.json"));
    expect(openapi).toBe("3.1.0");
    const told = Object.entries<object>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const wanted = routes.map(
      ({ method, path }) => `${method} ${path.replaceAll(/:(?<name>\w+)/g, "{$<name>}")}`,
    );
    expect(new Set(told)).toEqual(new Set(wanted));
  });

  it("says of every route what its answer holds", async () => {
    const { paths } = await okJson(server.get("/openapi.json"));
    const typesOf = ({ method, path }: (typeof routes)[number]) => {
      const told = paths[path.replaceAll(/:(?<name>\w+)/g, "{$<name>}")][method].responses["2XX"];
      return Object.keys(told.content ?? {});
    };
    const silent = routes.filter((entry) => typesOf(entry).length === 0);
    expect(
      silent.filter(({ response }) => response !== "nothing" && response !== "socket"),
    ).toEqual([]);
    const whole = paths["/v1/chat/completions"].post.responses["2XX"].content;
    expect(Object.keys(whole)).toEqual(["application/json", "text/event-stream"]);
    const { schema } = paths["/threads"].post.responses["2XX"].content["application/json"];
    expect(schema.required).toEqual(expect.arrayContaining(["thread_id", "status", "values"]));
  });

  it("describes parameters, bodies and who may", async () => {
    const { paths } = await okJson(server.get("/openapi.json"));
    const join = paths["/threads/{thread_id}/runs/{run_id}/stream"].get;
    expect(join.parameters.map(({ name }: Loose) => name)).toEqual(
      expect.arrayContaining(["thread_id", "run_id", "cancel_on_disconnect", "stream_mode"]),
    );
    expect(join["x-auth"]).toBe("threads:read");
    const { schema } = paths["/threads/search"].post.requestBody.content["application/json"];
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(["ids", "extract"]));
    const ids = Object.values<Loose>(paths).flatMap((methods) =>
      Object.values<Loose>(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("GET /docs", () => {
  it("is a page of all routes that reaches for nothing outside", async () => {
    const response = await server.get("/docs");
    expect(response.headers.get("content-type")).toContain("text/html");
    const page = await response.text();
    for (const { path } of routes)
      expect(page).toContain(path.replaceAll(/:(?<name>\w+)/g, "{$<name>}"));
    expect(page).not.toMatch(/https?:\/\/|<script|src=/);
  });
});

describe("GET /metrics", () => {
  it("counts requests by route and runs by outcome", async () => {
    const thread = await newThread(server);
    await runWait(server, thread, { assistant_id: "echo", input: human("hi") });
    await server.get("/nowhere");
    const response = await server.get("/metrics");
    expect(response.headers.get("content-type")).toContain("text/plain");
    const text = await response.text();
    expect(text).toContain(
      'kagari_http_request_duration_seconds_count{method="POST",route="/threads",status="200"} 1',
    );
    expect(text).toContain('kagari_runs_ended_total{graph="echo",status="success"} 1');
    expect(text).toContain('kagari_runs{status="pending"} 0');
    expect(text).toContain('method="GET",route="",status="404"');
    expect(text).not.toContain(thread);
    expect(text).toContain("process_cpu_seconds_total");
  });

  it("answers JSON when asked, and refuses another format", async () => {
    const all = await okJson(server.get("/metrics?format=json"));
    expect(all.map(({ name }: Loose) => name)).toContain("kagari_runs");
    expect((await server.get("/metrics?format=xml")).status).toBe(422);
  });
});
