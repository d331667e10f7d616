import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newThread, runOf, startRun } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { type Answer, delta, fakeProvider, stream } from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { parseEvents, readEvents, SseReader } from "../support/sse.ts";
import { OWN_GRAPHS, type TestServer, testServer } from "../support/test-server.ts";

const EVENTS = 200;
const BYTES = 1000;

let server: TestServer;
beforeAll(async () => {
  const settings = { heartbeat_seconds: 0.05, reader_lag_events: 20 };
  server = await testServer({ settings });
});
afterAll(() => server[Symbol.asyncDispose]());

/** A run that told far more than one piece of a stream holds, and goes on; its reader takes one piece. */
async function flooded(body: object = {}) {
  const name = crypto.randomUUID();
  const at = gate(name);
  const response = await server.post(`/threads/${await newThread(server)}/runs/stream`, {
    assistant_id: "flood",
    stream_mode: "custom",
    input: { count: EVENTS, bytes: BYTES, gate: name },
    ...body,
  });
  const path = response.headers.get("content-location") ?? "";
  await at.entered;
  const reader = response.body?.getReader();
  if (!reader) throw new Error("there is no stream");
  const { value } = await reader.read();
  return { at, path, reader, taken: parseEvents(new TextDecoder().decode(value)) };
}

const statusOf = async (path: string): Promise<string> => {
  const [, , thread = "", , run = ""] = path.split("/");
  return (await runOf(server, thread, run)).status;
};

describe("a client that takes nothing while its run goes on", () => {
  it("is cut off, and has the rest by the last id it saw", async () => {
    const { at, path, reader, taken } = await flooded();
    await expect(reader.closed).rejects.toThrow("too far behind");
    at.release();

    const headers = { "last-event-id": taken.at(-1)?.id ?? "0" };
    const rest = await readEvents(await server.get(`${path}/stream`, headers));
    const told = [...taken, ...rest].filter(({ event }) => event === "custom");
    expect(told.map(({ data }) => data.n)).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
    expect(rest.at(-1)).toMatchObject({ event: "end", data: { status: "success" } });
  });

  it("did not leave by that: its run goes on though a disconnect is to cancel it", async () => {
    const { at, path, reader } = await flooded({ on_disconnect: "cancel" });
    await expect(reader.closed).rejects.toThrow("too far behind");
    expect(await statusOf(path)).toBe("running");
    at.release();
    await (await server.get(`${path}/join`)).text();
    expect(await statusOf(path)).toBe("success");
  });

  it("has the same frames as one that is far ahead", async () => {
    await using patient = await testServer();
    const thread = await newThread(patient);
    const input = { count: 1500, bytes: 200 };
    const run = await startRun(patient, thread, { assistant_id: "flood", input });
    const path = `/threads/${thread}/runs/${run.run_id}/stream?stream_mode=custom`;
    const late = new SseReader(await patient.get(path));
    const first = await late.next();
    const ahead = await readEvents(await patient.get(path));
    expect(ahead.filter(({ event }) => event === "custom")).toHaveLength(1500);
    expect([first, ...(await late.rest())]).toEqual(ahead);
    const half = ahead.slice(700);
    const headers = { "last-event-id": ahead[699]?.id ?? "" };
    expect(await readEvents(await patient.get(path, headers))).toEqual(half);
  });

  it("is cut off for few events when they are large", async () => {
    const settings = { heartbeat_seconds: 0.05, reader_lag_bytes: 50_000 };
    await using strict = await testServer({ settings });
    const thread = await newThread(strict);
    const input = { count: EVENTS, bytes: BYTES };
    const run = await startRun(strict, thread, { assistant_id: "flood", input });
    const path = `/threads/${thread}/runs/${run.run_id}`;
    await (await strict.get(`${path}/join`)).text();
    const reader = (await strict.get(`${path}/stream?stream_mode=custom`)).body?.getReader();
    await reader?.read();
    await expect(reader?.closed).rejects.toThrow("too far behind");
  });
});

/** Speaks until nobody listens. */
const babble: Answer = (response, request) => {
  stream([], { isOpen: true })(response, request);
  const piece = `data: ${JSON.stringify(delta({ content: "x".repeat(1000) }))}\n\n`;
  const timer = setInterval(() => response.write(piece), 2);
  response.on("close", () => clearInterval(timer));
};

it.each(["/v1/responses", "/v1/chat/completions"])(
  "a client of %s is cut off too, and its run is left to its end",
  async (path) => {
    await using provider = await fakeProvider(babble);
    using folder = tempFolder();
    const file = { model: "m", url: provider.url, api_key: "test-key" };
    writeFileSync(join(folder.path, "it.json"), JSON.stringify(file));
    await using strict = await testServer({
      langgraph: OWN_GRAPHS,
      settings: { heartbeat_seconds: 0.05, reader_lag_bytes: 50_000, models_dir: folder.path },
    });
    const said = [{ role: "user", content: "Hi" }];
    const response = await strict.post(path, {
      model: "graph:chat",
      stream: true,
      input: said,
      messages: said,
      metadata: { thread_id: "slow", model: "it" },
    });
    const reader = response.body?.getReader();
    await reader?.read();
    await expect(reader?.closed).rejects.toThrow("too far behind");
    const { "x-thread-id": thread = "", "x-run-id": run = "" } = Object.fromEntries(
      response.headers,
    );
    expect((await runOf(strict, thread, run)).status).toBe("running");
    expect(provider.closedByClient).toBe(0);
  },
);
