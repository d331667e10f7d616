import { describe, expect, it } from "vitest";
import { human, newThread, okJson, refusal } from "../support/calls.ts";
import { makeKey, withKey } from "../support/keys.ts";
import { OWN_GRAPHS, testServer } from "../support/test-server.ts";

describe("API keys", () => {
  it("close a server that was open from the first one on", async () => {
    await using server = await testServer();
    await newThread(server);
    const ann = await makeKey(server, { name: "ann" });
    expect(await refusal(server.post("/threads", {}), 401)).toMatchObject({
      detail: expect.stringContaining("x-api-key"),
    });
    await okJson(server.get("/ok"));
    await okJson(server.get("/info"));
    expect(ann.secret).toMatch(/^kg_[\w-]{43}$/);
    await newThread(ann);
    await newThread(withKey(server, ann.secret, "authorization"));
    await refusal(withKey(server, `${ann.secret}x`).post("/threads", {}), 401);
    await refusal(withKey(server, "sk-other").post("/threads", {}), 401);
  });

  it("cannot be made by whoever asks, also not while there are none", async () => {
    await using server = await testServer();
    await refusal(server.post("/keys", { name: "evil", admin: true }), 403);
    await refusal(withKey(server, "kl_guess").post("/keys", { name: "evil" }), 401);
    const ann = await makeKey(server, { name: "ann" });
    await refusal(ann.post("/keys", { name: "more" }), 403);
    await refusal(ann.get("/keys"), 403);
    await refusal(ann.post("/keys/ann/rotate"), 403);
    await refusal(ann.del("/keys/ann"), 403);
    const admin = await makeKey(server, { name: "admin", admin: true });
    expect(await okJson(admin.post("/keys", { name: "more" }))).toHaveProperty("secret");
    await okJson(admin.patch(`/threads/${await newThread(ann)}`, { metadata: { note: "a" } }));
    expect(await okJson(ann.post("/threads/search", {}))).toHaveLength(1);
  });

  it("are shown once, and known by their first and last signs afterwards", async () => {
    await using server = await testServer();
    const operator = withKey(server, server.localSecret);
    const made = await operator.post("/keys", {
      name: "ann",
      owner: "team",
      models: ["demo"],
      requests_per_minute: 9,
      budget: "2.50 CNY/day",
      expires_at: "2026-02-01T00:00:00Z",
    });
    expect(made.headers.get("cache-control")).toBe("no-store");
    const { secret, ...shown } = await okJson(made);
    expect(shown).toMatchObject({
      name: "ann",
      owner: "team",
      admin: false,
      prefix: secret.slice(0, 7),
      last4: secret.slice(-4),
      models: ["demo"],
      graphs: null,
      requests_per_minute: 9,
      budget: "2.5 CNY/day",
      expires_at: "2026-02-01T00:00:00.000Z",
      revoked_at: null,
    });
    const list = await (await operator.get("/keys")).text();
    expect(JSON.parse(list)).toMatchObject([{ name: "ann", last4: secret.slice(-4) }]);
    expect(list).not.toContain(secret);
    expect(JSON.stringify(await server.ctx.storage.apiKeys.list())).not.toContain(secret);
  });

  it.each([
    [{ name: "" }, "name"],
    [{ name: "a/b" }, "name"],
    [{ name: "a", budget: "much" }, "budget"],
    [{ name: "a", budget: "1 USD/week" }, "budget"],
    [{ name: "a", budget: "-1" }, "budget"],
    [{ name: "a", requests_per_minute: 0 }, "requests_per_minute"],
    [{ name: "a", expires_at: "tomorrow" }, "expires_at"],
    [{ name: "a", expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    [{ name: "a", models: [] }, "models"],
  ])("are refused with the name of what is wrong: %j", async (body, field) => {
    await using server = await testServer();
    const operator = withKey(server, server.localSecret);
    const { detail } = await refusal(operator.post("/keys", body), 422);
    expect(detail).toContain(field);
  });

  it("end at once when they are revoked or rotated, and at their time", async () => {
    await using server = await testServer();
    const operator = withKey(server, server.localSecret);
    const ann = await makeKey(server, { name: "ann" });
    await newThread(ann);
    const { secret } = await okJson(operator.post("/keys/ann/rotate"));
    await refusal(ann.post("/threads", {}), 401);
    const rotated = withKey(server, secret);
    await newThread(rotated);
    await refusal(operator.post("/keys", { name: "ann" }), 409);
    await refusal(operator.del("/keys/ann"), 409);
    await okJson(operator.post("/keys/ann/revoke"));
    const { detail } = await refusal(rotated.post("/threads", {}), 401);
    expect(detail).toContain("revoked");
    await refusal(operator.post("/keys/ann/rotate"), 404);
    await refusal(operator.post("/keys/none/revoke"), 404);

    const bob = await makeKey(server, { name: "bob", expires_at: "2026-01-01T00:01:00Z" });
    await newThread(bob);
    server.advance(60_000);
    expect((await refusal(bob.post("/threads", {}), 401)).detail).toContain("expired");
  });

  it("leave the server closed until the last one is deleted", async () => {
    await using server = await testServer();
    const operator = withKey(server, server.localSecret);
    await makeKey(server, { name: "ann" });
    await okJson(operator.post("/keys/ann/revoke"));
    await refusal(server.post("/threads", {}), 401);
    expect((await operator.del("/keys/ann")).status).toBe(204);
    expect(await newThread(server)).toBeTruthy();
  });

  it("that two headers disagree on are refused", async () => {
    await using server = await testServer();
    const ann = await makeKey(server, { name: "ann" });
    const bob = await makeKey(server, { name: "bob" });
    const both = (one: string, other: string) =>
      server.post("/threads", {}, { "x-api-key": one, authorization: `Bearer ${other}` });
    expect((await refusal(both(ann.secret, bob.secret), 401)).detail).toContain("different keys");
    await okJson(both(ann.secret, ann.secret));
    // What other services call a key is none of this server's.
    await okJson(both("lsv2_other", ann.secret));
  });

  it("own what is made with them, and see nothing else but an administrator", async () => {
    await using server = await testServer();
    const ann = await makeKey(server, { name: "ann", owner: "team" });
    const mate = await makeKey(server, { name: "mate", owner: "team" });
    const bob = await makeKey(server, { name: "bob" });
    const admin = await makeKey(server, { name: "admin", admin: true });
    const made = await okJson(ann.post("/threads", { metadata: { owner: "bob" } }));
    expect(made.metadata).toEqual({ owner: "team" });
    const path = `/threads/${made.thread_id}`;
    await okJson(mate.get(path));
    await okJson(admin.get(path));
    await refusal(bob.get(path), 404);
    await refusal(bob.patch(path, { metadata: { a: 1 } }), 404);
    await refusal(ann.patch(path, { metadata: { owner: "bob" } }), 403);
    expect((await bob.del(path)).status).toBe(404);
    const run = { assistant_id: "echo", input: human("hi"), if_not_exists: "create" };
    await refusal(bob.post(`${path}/runs`, run), 404);
    expect(await okJson(bob.post("/threads/search", {}))).toEqual([]);
    expect(await okJson(admin.post("/threads/search", {}))).toHaveLength(1);
  });

  it("keep the files and tasks of one owner from all others", async () => {
    await using server = await testServer();
    const [ann, bob] = [
      await makeKey(server, { name: "ann" }),
      await makeKey(server, { name: "bob" }),
    ];
    const admin = await makeKey(server, { name: "admin", admin: true });
    const prompt = "a cat";
    const images = await okJson(ann.post("/v1/images/generations", { prompt }));
    const { task_id } = await okJson(ann.post("/tasks", { kind: "image", input: { prompt } }));
    await server.ctx.background.tick();
    const { result, status } = await okJson(ann.get(`/tasks/${task_id}`));
    expect(status).toBe("success");
    for (const url of [images.data[0].url, result.images[0].url, `/tasks/${task_id}`]) {
      expect((await ann.get(url)).status).toBe(200);
      expect((await admin.get(url)).status).toBe(200);
      await refusal(bob.get(url), 404);
      await refusal(bob.del(url), 404);
    }
    await refusal(bob.post(`/tasks/${task_id}/cancel`), 404);
    for (const list of ["/files", "/tasks"]) {
      expect(await okJson(bob.get(list))).toEqual([]);
      expect(await okJson(ann.get(list))).not.toEqual([]);
    }
    const calls = (await okJson(admin.get("/usage?group_by=model"))).rows;
    expect(calls).toMatchObject([{ model: "demo-image", calls: 2, cost_micros: 0 }]);
  });

  it("may only have tasks made by their models", async () => {
    await using server = await testServer();
    const ann = await makeKey(server, { name: "ann", models: ["demo"] });
    await refusal(ann.post("/tasks", { kind: "image", input: { prompt: "a cat" } }), 403);
    const messages = [{ role: "user", content: "hi" }];
    const task = await okJson(ann.post("/tasks", { kind: "chat", input: { messages } }));
    expect(task).toMatchObject({ model: "demo", status: "pending" });
  });

  it("are told to the graph, with nothing of the secret", async () => {
    await using server = await testServer();
    const ann = await makeKey(server, { name: "ann", owner: "team" });
    const run = { assistant_id: "echo", input: human("hi") };
    const { seen } = await okJson(ann.post("/runs/wait", run));
    expect(seen.configurable).toMatchObject({
      langgraph_auth_user: { identity: "team", display_name: "ann", key_id: ann.key_id },
      langgraph_auth_user_id: "team",
      langgraph_auth_permissions: ["*"],
    });
    expect(JSON.stringify(seen)).not.toContain(ann.secret);
  });

  it("do only what their scopes allow", async () => {
    await using server = await testServer();
    const reader = await makeKey(server, {
      name: "reader",
      routes: ["threads:read", "assistants"],
    });
    const caller = await makeKey(server, { name: "caller", routes: ["/runs/*"] });
    await refusal(reader.post("/threads", {}), 403);
    await okJson(reader.get("/assistants/echo"));
    await refusal(caller.get("/assistants/echo"), 403);
    await okJson(caller.post("/runs/wait", { assistant_id: "echo", input: human("hi") }));

    const echo = await makeKey(server, { name: "echo", graphs: ["echo"] });
    await okJson(echo.get("/assistants/echo"));
    await refusal(echo.get("/assistants/talk"), 404);
    await refusal(echo.post("/runs", { assistant_id: "talk", input: human("hi") }), 404);
    const found = await okJson(echo.post("/assistants/search", { limit: 100 }));
    expect(found.map(({ graph_id }: { graph_id: string }) => graph_id)).toEqual(["echo"]);
  });

  it("use only the models they are for, in graphs and without", async () => {
    await using server = await testServer({ langgraph: OWN_GRAPHS });
    const ann = await makeKey(server, { name: "ann", models: ["other"] });
    const run = { assistant_id: "chat", input: human("hi") };
    const result = await okJson(ann.post("/runs/wait", run));
    expect(result.__error__.message).toContain('may not use the model "demo"');
    const embed = { input: "hi", model: "demo-embedding" };
    expect((await ann.post("/v1/embeddings", embed)).status).toBe(403);
    const bob = await makeKey(server, { name: "bob", models: ["demo"] });
    expect(await okJson(bob.post("/runs/wait", run))).not.toHaveProperty("__error__");
  });

  it("may only ask so often, and are told when again", async () => {
    await using server = await testServer();
    const ann = await makeKey(server, { name: "ann", requests_per_minute: 2 });
    await newThread(ann);
    server.advance(30_000);
    await newThread(ann);
    const refused = await ann.post("/threads", {});
    expect(refused.headers.get("retry-after")).toBe("30");
    await refusal(refused, 429);
    server.advance(30_000);
    await newThread(ann);
    await refusal(ann.post("/threads", {}), 429);
  });

  it("may only use so many tokens", async () => {
    await using server = await testServer({ langgraph: OWN_GRAPHS });
    const ann = await makeKey(server, { name: "ann", tokens_per_minute: 10 });
    await newThread(ann);
    const run = { assistant_id: "chat", input: human("Say a long and friendly hello") };
    await okJson(ann.post("/runs/wait", run));
    await refusal(ann.post("/threads", {}), 429);
    server.advance(60_000);
    expect(await newThread(ann)).toBeTruthy();
  });

  it("may only do so much at a time, and a stream counts until its end", async () => {
    await using server = await testServer();
    const ann = await makeKey(server, { name: "ann", concurrency: 1 });
    const run = { assistant_id: "echo", input: human("hi") };
    const stream = await ann.post("/runs/stream", run);
    await refusal(ann.post("/threads", {}), 429);
    await stream.text();
    await newThread(ann);
    const left = await ann.post("/runs/stream", run);
    await left.body?.cancel();
    await refusal(ann.get(`/threads/${crypto.randomUUID()}`), 404);
    expect(await newThread(ann)).toBeTruthy();
  });

  it("stop the crons of a key that is revoked", async () => {
    await using server = await testServer();
    const ann = await makeKey(server, { name: "ann" });
    const admin = await makeKey(server, { name: "admin", admin: true });
    const cron = { assistant_id: "echo", schedule: "* * * * *", on_run_completed: "keep" };
    await okJson(ann.post("/runs/crons", cron));
    server.advance(60_000);
    await server.ctx.background.tick();
    const threads = () => okJson(admin.post("/threads/search", {}));
    expect(await threads()).toMatchObject([{ metadata: { owner: "ann" } }]);
    await okJson(admin.post("/keys/ann/revoke"));
    server.advance(60_000);
    await server.ctx.background.tick();
    expect(await threads()).toHaveLength(1);
  });
});
