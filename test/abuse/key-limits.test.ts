import { describe, expect, it } from "vitest";
import { human, type Loose, okJson } from "../support/calls.ts";
import { makeKey } from "../support/keys.ts";
import { type Api, OWN_GRAPHS, testServer } from "../support/test-server.ts";

const said = [{ role: "user", content: "Say a long and friendly hello" }];

/** The doors that one key opens; what it may not do is refused at each in the words of that door. */
const DOORS: Record<string, (api: Api, more?: { model?: string; stream?: boolean }) => Ask> = {
  "chat completions of a model": (api, { model = "demo", ...more } = {}) =>
    api.post("/v1/chat/completions", { model, messages: said, ...more }),
  "chat completions of a graph": (api, { model, ...more } = {}) =>
    api.post("/v1/chat/completions", {
      model: "graph:chat",
      messages: said,
      metadata: { model },
      ...more,
    }),
  "responses of a model": (api, { model = "demo", ...more } = {}) =>
    api.post("/v1/responses", { model, input: said, ...more }),
  "runs of LangGraph": (api, { model, stream } = {}) =>
    api.post(stream === true ? "/runs/stream" : "/runs/wait", {
      assistant_id: "chat",
      input: human("Say a long and friendly hello"),
      ...(model ? { context: { model } } : {}),
    }),
};
type Ask = Promise<Response>;

const open = () => testServer({ langgraph: OWN_GRAPHS });

/** Refused with a status and a reason, in OpenAI's shape or in the server's own. */
async function expectRefusal(asked: Ask, status: number, reason = /./): Promise<Response> {
  const answer = await asked;
  const body: Loose = await answer.json();
  expect(answer.status, JSON.stringify(body)).toBe(status);
  const message = body.error?.message ?? body.detail;
  expect(message).toMatch(reason);
  return answer;
}

describe.each(Object.entries(DOORS))("A1: a key at %s", (name, ask) => {
  const isOfModel = name.endsWith("a model");

  it("ends when it is revoked, and at its time", async () => {
    await using server = await open();
    const expires_at = new Date(server.ctx.clock.now() + 60_000).toISOString();
    const key = await makeKey(server, { name: "ann", expires_at });
    await okJson(ask(key));
    server.advance(60_000);
    await expectRefusal(ask(key), 401, /expired/);
    const other = await makeKey(server, { name: "bob" });
    await okJson(ask(other));
    const admin = await makeKey(server, { name: "admin", admin: true });
    await okJson(admin.post("/keys/bob/revoke"));
    await expectRefusal(ask(other), 401, /revoked/);
  });

  it("is for its models only", async () => {
    await using server = await open();
    const key = await makeKey(server, { name: "ann", models: ["other"] });
    const refused = await ask(key);
    expect(await refused.text()).toMatch(/may not use the model .{0,2}"demo/);
    expect(refused.status === 403).toBe(isOfModel || name.includes("completions"));
    await okJson(ask(await makeKey(server, { name: "bob", models: ["demo"] })));
  });

  it("is for its graphs only", async () => {
    await using server = await open();
    const key = await makeKey(server, { name: "ann", graphs: ["team"] });
    if (isOfModel) await okJson(ask(key));
    else await expectRefusal(ask(key), 404);
    await okJson(ask(await makeKey(server, { name: "bob", graphs: ["chat"] })));
  });

  it("is for its routes only", async () => {
    await using server = await open();
    await expectRefusal(ask(await makeKey(server, { name: "a", routes: ["threads:read"] })), 403);
    await okJson(ask(await makeKey(server, { name: "b", routes: ["/v1/*", "/runs/*"] })));
  });

  it("may ask so often, and use so many tokens, in a minute", async () => {
    await using server = await open();
    const often = await makeKey(server, { name: "ann", requests_per_minute: 1 });
    const much = await makeKey(server, { name: "bob", tokens_per_minute: 5 });
    for (const key of [often, much]) {
      await okJson(ask(key));
      const { headers } = await expectRefusal(ask(key), 429);
      expect(headers.get("retry-after")).toBe("60");
    }
    server.advance(59_999);
    for (const key of [often, much]) await expectRefusal(ask(key), 429);
    server.advance(1);
    for (const key of [often, much]) await okJson(ask(key));
  });

  it("may do so much at a time, and a stream counts to its end", async () => {
    await using server = await open();
    const key = await makeKey(server, { name: "ann", concurrency: 1 });
    const stream = await ask(key, { stream: true });
    expect(stream.status).toBe(200);
    for (const other of Object.values(DOORS)) await expectRefusal(other(key), 429);
    await stream.text();
    await okJson(ask(key));
  });
});
