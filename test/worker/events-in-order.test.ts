import { expect, it } from "vitest";
import { DatabaseBus } from "../../src/bus/database-bus.ts";
import type { RunEventBody } from "../../src/domain/event.ts";
import { localSignals } from "../../src/signals/local-signals.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Events } from "../../src/storage/ports.ts";
import { start } from "../contract/samples.ts";

const note = (n: number): RunEventBody => ({ kind: "custom", ns: [], data: n });

/** A bus over a database whose first commit of events waits, and fails if it is told to. */
async function slowBus() {
  const storage = await openStorage({ dataDir: ":memory:" });
  const { fence } = await start(storage, "r");
  const begun = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  let commits = 0;
  const events: Pick<Events, "append" | "read" | "lastSeq" | "lag"> = {
    append: async (batch) => {
      if (++commits === 1) {
        begun.resolve();
        await first.promise;
      }
      return storage.events.append(batch);
    },
    read: (...query) => storage.events.read(...query),
    lastSeq: (runId) => storage.events.lastSeq(runId),
    lag: (...query) => storage.events.lag(...query),
  };
  const bus = new DatabaseBus(
    { events, runs: storage.runs },
    { flushMs: 1, signals: localSignals() },
  );
  const failures: unknown[] = [];
  const writer = await bus.openWriter(fence, (error) => failures.push(error));
  const stored = async () => (await storage.events.read("r", 0, 100)).map(({ seq }) => seq);
  return { storage, writer, failures, begun: begun.promise, first, stored };
}

it("events of a run are stored in order, though an earlier commit takes longer than a later one", async () => {
  const { storage, writer, begun, first, stored } = await slowBus();
  writer.append(note(1));
  await begun;
  writer.append(note(2));
  const flushed = writer.flush();
  // Time enough for a commit that does not wait for the one before.
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(await stored()).toEqual([]);
  first.resolve();
  await flushed;
  expect(await stored()).toEqual([1, 2]);
  await storage.close();
});

it("nothing of an attempt is stored after events of it that could not be", async () => {
  const { storage, writer, failures, begun, first, stored } = await slowBus();
  writer.append(note(1));
  await begun;
  writer.append(note(2));
  const flushed = writer.flush();
  const error = new Error("no room");
  first.reject(error);
  await expect(flushed).rejects.toThrow("no room");
  expect(failures).toEqual([error]);
  expect(await stored()).toEqual([]);
  await storage.close();
});
