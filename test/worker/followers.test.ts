import { expect, it } from "vitest";
import { DatabaseBus } from "../../src/bus/database-bus.ts";
import { localSignals } from "../../src/signals/local-signals.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import { custom, start, success } from "../contract/samples.ts";

const end = { kind: "end", status: "success" } as const;

/** A bus that follows a run which another process executes, and ends just before a look at it. */
async function followed(endRun: (looks: number) => Promise<void>) {
  const storage = await openStorage({ dataDir: ":memory:" });
  const { fence } = await start(storage, "r");
  let looks = 0;
  const runs = {
    find: async (runId: string) => {
      await endRun(++looks);
      return storage.runs.find(runId);
    },
  };
  const parts = { events: storage.events, runs };
  return { storage, fence, bus: new DatabaseBus(parts, { flushMs: 1, signals: localSignals() }) };
}

/** The events that somebody gets who follows the run from its start to its end. */
async function eventsOf(bus: DatabaseBus): Promise<number[]> {
  const { signal } = new AbortController();
  const seqs: number[] = [];
  for await (const batch of bus.follow("r", { after: 0, signal }))
    seqs.push(...batch.map(({ seq }) => seq));
  return seqs;
}

it("a follower gets the last events of a run that ends elsewhere between its looks at events and run", async () => {
  const { storage, fence, bus } = await followed(async (looks) => {
    if (looks > 1) return;
    await storage.events.append([{ fence, events: [custom(1), custom(2)] }]);
    const events = [custom(3), { ...end, seq: 4 }];
    await storage.runs.finish(fence, { outcome: success, events, now: 50 });
  });
  expect(await eventsOf(bus)).toEqual([1, 2, 3, 4]);
  await storage.close();
});

it("a follower of a run that is rolled back elsewhere is let go", async () => {
  const { storage, fence, bus } = await followed(async (looks) => {
    if (looks > 1) return;
    await storage.runs.finish(fence, { outcome: success, events: [], now: 50, remove: "run" });
  });
  expect(await eventsOf(bus)).toEqual([]);
  await storage.close();
});
