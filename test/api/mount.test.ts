/* oxlint-disable vitest/expect-expect -- okJson, refusal and gates hold the assertions */
import { Hono } from "hono";
import { createApp, openContext } from "kagari/app";
import { describe, expect, it } from "vitest";
import { human, newThread, okJson, refusal } from "../support/calls.ts";
import { readEvents } from "../support/sse.ts";
import { apiOf, OWN_GRAPHS, REPOSITORY, TEST_GRAPHS } from "../support/test-server.ts";

const open = (config: string) =>
  openContext({
    root: REPOSITORY,
    settings: { config, data_dir: ":memory:", log_level: "silent", default_model: "demo" },
  });

describe("kagari/app inside another Hono app", () => {
  it("serves under the path it is mounted at, beside the app's own routes", async () => {
    const { ctx, close } = await open(TEST_GRAPHS);
    const app = new Hono();
    app.get("/mine", (c) => c.text("my own route"));
    app.route("/agents", createApp(ctx));
    app.notFound((c) => c.text("my own 404", 404));
    app.onError((_, c) => c.text("my own error", 500));
    const outer = apiOf(async (path, init) => await app.request(path, init));
    const inner = apiOf((path, init) => outer.request(`/agents${path}`, init));

    expect(await (await outer.get("/mine")).text()).toBe("my own route");
    expect(await (await outer.get("/nowhere")).text()).toBe("my own 404");
    expect(await okJson(inner.get("/ok"))).toEqual({ ok: true });
    const thread = await newThread(inner);
    const response = await inner.post(`/threads/${thread}/runs/stream`, {
      assistant_id: "echo",
      input: human("hi"),
    });
    const events = await readEvents(response);
    expect(events.at(-2)?.data.messages.at(-1).content).toBe("echo: hi");
    await refusal(inner.post("/threads", { metadata: 5 }), 422);
    await close(0);
  });

  it("runs the product's own graphs on the demo model", async () => {
    const { ctx, close } = await open(OWN_GRAPHS);
    const api = apiOf(async (path, init) => await createApp(ctx).request(path, init));
    const values = await okJson(
      api.post("/runs/wait", { assistant_id: "chat", input: human("计算 12*7") }),
    );
    expect(values.messages.find(({ type }: { type: string }) => type === "tool").content).toBe(
      "84",
    );
    await close(0);
  });

  it("lets its context be closed twice", async () => {
    const { close } = await open(TEST_GRAPHS);
    await Promise.all([close(0), close(0)]);
    await close(0);
  });
});
