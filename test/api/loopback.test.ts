import { Writable } from "node:stream";
import { getLogger } from "@langchain/langgraph-sdk/logging";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createApp } from "../../src/app.ts";
import { openContext } from "../../src/container.ts";
import { newThread, okJson, runWait } from "../support/calls.ts";
import { apiOf, testOptions, testServer } from "../support/test-server.ts";

const FETCH = Symbol.for("langgraph_api:fetch");
const URL_OF_SERVER = Symbol.for("langgraph_api:url");
const hook = (key: symbol): unknown => Reflect.get(globalThis, key);

const input = { note: "灯火" };

describe("a client without a URL inside a graph", () => {
  it("reaches the server that runs the graph, streams included", async () => {
    await using server = await testServer();
    const thread = await newThread(server);
    const values = await runWait(server, thread, { assistant_id: "own-client", input });
    expect(values.echoed).toBe("echo: 灯火");
    const item = await okJson(server.get("/store/items?namespace=heard&key=last"));
    expect(item.value).toEqual({ echoed: "echo: 灯火" });
  });

  it("asks as the user of its run, whose items nobody else has", async () => {
    await using server = await testServer();
    const keyed = async (name: string) => {
      const operator = { "x-api-key": server.localSecret };
      const { secret } = await okJson(server.post("/keys", { name }, operator));
      return { "x-api-key": String(secret) };
    };
    const [ann, bob] = [await keyed("ann"), await keyed("bob")];
    const body = { assistant_id: "own-client", input };
    const values = await okJson(server.post("/runs/wait", body, ann));
    expect(values.echoed).toBe("echo: 灯火");
    const heard = (headers: Record<string, string>) =>
      okJson(server.get("/store/items?namespace=heard&key=last", headers));
    expect(await heard(ann)).toMatchObject({ value: { echoed: "echo: 灯火" } });
    expect(await heard(bob)).toBeNull();
    const memory = { assistant_id: "memory", input: { query: "灯火" } };
    expect((await okJson(server.post("/runs/wait", memory, bob))).found).toEqual([]);
  });

  it("is let go with its server, of several the last one counting", async () => {
    const load = async (server: Awaited<ReturnType<typeof testServer>>) =>
      okJson(server.get("/assistants/echo/schemas"));
    const first = await testServer();
    await load(first);
    const ofFirst = hook(FETCH);
    const second = await testServer({ settings: { port: 4321 } });
    await load(second);
    expect(hook(FETCH)).not.toBe(ofFirst);
    expect(hook(URL_OF_SERVER)).toBe("http://localhost:4321");
    await first[Symbol.asyncDispose]();
    expect(hook(URL_OF_SERVER)).toBe("http://localhost:4321");
    await second[Symbol.asyncDispose]();
    expect([hook(FETCH), hook(URL_OF_SERVER)]).toEqual([undefined, undefined]);
    expect(() => getLogger()).toThrow(/not available/);
  });
});

describe("the SDK's logger", () => {
  it("writes into the server's log, with the ids of the run", async () => {
    const lines: string[] = [];
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk));
        done();
      },
    });
    const log = pino({ level: "debug" }, sink);
    const { ctx, close } = await openContext({ ...testOptions(), log });
    const app = createApp(ctx);
    const api = apiOf(async (path, init) => await app.request(path, init));
    const thread = await newThread(api);
    await runWait(api, thread, { assistant_id: "own-client", input });
    const logger = getLogger();
    logger.warn(new Error("odd")).silly("not shown").error({ message: "worse", code: 7 });
    const written = lines.map((line) => JSON.parse(line));
    expect(written).toContainEqual(
      expect.objectContaining({
        level: 30,
        msg: "heard an echo",
        length: 8,
        thread_id: thread,
        run_id: expect.any(String),
      }),
    );
    expect(written).toContainEqual(
      expect.objectContaining({ level: 40, err: expect.objectContaining({ message: "odd" }) }),
    );
    expect(written).toContainEqual(expect.objectContaining({ level: 50, code: 7 }));
    expect(written.map(({ msg }) => msg)).not.toContain("not shown");
    await close(0);
  });
});
