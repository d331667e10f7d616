import { describe, expect, it } from "vitest";
import { StoredCheckpoints } from "../checkpoint/stored.ts";
import type { RunEventBody } from "../domain/event.ts";
import { CheckpointedWriter } from "./checkpointed-writer.ts";

const note = (data: string): RunEventBody => ({ kind: "custom", ns: [], data });

const checkpoint = (checkpoint_id: string): RunEventBody => ({
  kind: "checkpoint",
  ns: [],
  checkpoint_id,
  parent_id: null,
  at: 1,
  metadata: {},
  next: [],
  tasks: [],
  keys: [],
});

const keyOf = (checkpoint_id: string) => ({ thread_id: "t", checkpoint_ns: "", checkpoint_id });

function record() {
  const stored = new StoredCheckpoints();
  const events: RunEventBody[] = [];
  const into = { append: (body: RunEventBody) => void events.push(body) };
  return { stored, events, writer: new CheckpointedWriter(into, { threadId: "t", stored }) };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

describe("a record in step with its checkpoints", () => {
  it("holds the event of a checkpoint, and what follows, until it is stored", async () => {
    const { stored, events, writer } = record();
    const { promise, resolve } = Promise.withResolvers<void>();
    const storing = stored.storing(keyOf("a"), promise);
    writer.append(note("before"));
    writer.append(checkpoint("a"), () => ({ n: 1 }));
    writer.append(note("after"));
    await turns();
    expect(events).toEqual([note("before")]);
    resolve();
    await storing;
    await turns();
    expect(events).toEqual([note("before"), checkpoint("a"), note("after")]);
  });

  it("waits for a checkpoint that comes after one that is being stored", async () => {
    const { stored, events, writer } = record();
    const first = Promise.withResolvers<void>();
    const second = first.promise.then(() => stored.storing(keyOf("b"), Promise.resolve()));
    const storing = stored.storing(keyOf("a"), first.promise);
    writer.append(checkpoint("b"), () => ({ n: 2 }));
    await turns();
    expect(events).toEqual([]);
    first.resolve();
    await Promise.all([storing, second]);
    await turns();
    expect(events).toEqual([checkpoint("b")]);
  });

  it("keeps the state of a checkpoint that is stored elsewhere, or not at all", async () => {
    const { stored, events, writer } = record();
    const refused = stored.storing(keyOf("a"), Promise.reject(new Error("no room")));
    writer.append(checkpoint("a"), () => ({ n: 1 }));
    await expect(refused).rejects.toThrow("no room");
    await turns();
    writer.append(checkpoint("b"), () => ({ n: 2 }));
    await turns();
    expect(events).toEqual([
      { ...checkpoint("a"), state: { n: 1 } },
      { ...checkpoint("b"), state: { n: 2 } },
    ]);
  });

  it("hands on at its end what waits, once", async () => {
    const { stored, events, writer } = record();
    const { promise, resolve } = Promise.withResolvers<void>();
    const storing = stored.storing(keyOf("a"), promise);
    writer.append(checkpoint("a"), () => ({ n: 1 }));
    writer.append(note("after"));
    writer.close();
    const all = [{ ...checkpoint("a"), state: { n: 1 } }, note("after")];
    expect(events).toEqual(all);
    resolve();
    await storing;
    await turns();
    expect(events).toEqual(all);
  });
});
