import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect, it } from "vitest";
import { type Answer, fakeProvider } from "../support/fake-provider.ts";
import {
  broken,
  failing,
  FAULTS,
  type Faults,
  fieldsOf,
  refusing,
  type Shape,
  SHAPES,
} from "../support/provider-shapes/index.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS, startTestServer } from "../support/test-server.ts";

const INPUT = { messages: [{ type: "human", content: "hi" }] };
const ROWS = Object.entries(SHAPES).map(([name, shape]): [string, Shape, Faults] => [
  name,
  shape,
  FAULTS[name] ?? expect.fail(`no faults of ${name}`),
]);

/** Our server with one model of this provider, which answers so, and an official client of it. */
async function served(shape: Shape, ...answers: Answer[]) {
  const upstream = await fakeProvider(...answers);
  const folder = tempFolder();
  const file = { ...fieldsOf(shape, upstream), api_key: "k", retries: { max: 1, base_ms: 1 } };
  writeFileSync(join(folder.path, "it.json"), JSON.stringify(file));
  const server = await startTestServer({
    langgraph: OWN_GRAPHS,
    settings: { models_dir: folder.path, default_model: "it" },
  });
  return {
    upstream,
    client: new Client({ apiUrl: server.url, apiKey: null }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Streams one run after another on one thread; answers what each ended with. */
async function runs(client: Client, count: number) {
  const { thread_id } = await client.threads.create();
  const ends: string[] = [];
  for (let run = 0; run < count; run++) {
    let failed = "";
    const options = { input: INPUT, streamMode: "messages-tuple" as const };
    for await (const { event, data } of client.runs.stream(thread_id, "chat", options))
      if (event === "error") failed = JSON.stringify(data);
    const [latest] = await client.runs.list(thread_id);
    ends.push(`${latest?.status} ${failed}`.trim());
  }
  return ends;
}

describe.each(ROWS)("runs of graphs/chat.ts over %s", (name, shape, faults) => {
  it("survive its throttle, and end with its reason where it refuses or breaks", async () => {
    const good = shape.answer({ text: "fine" });
    await using s = await served(
      shape,
      refusing(faults.busy),
      good,
      refusing(faults.overflow),
      failing(name, faults),
      broken(shape.answer({ text: "a long answer ".repeat(9) })),
      good,
    );
    const [throttled, overflow, failed, cut, last] = await runs(s.client, 5);
    expect(throttled).toBe("success");
    expect(overflow).toMatch(/^error .*answered 400/);
    expect(failed).toMatch(/^error .*the engine died/);
    expect(cut).toMatch(/^error .*(?:broke off|cannot be reached)/);
    expect(last).toBe("success");
    expect(s.upstream.requests).toHaveLength(6);
  });
});
