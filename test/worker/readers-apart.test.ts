import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { DatabaseBus } from "../../src/bus/database-bus.ts";
import type { Frame } from "../../src/context.ts";
import type { RunEvent } from "../../src/domain/event.ts";
import { RunStreams } from "../../src/runtime/frames.ts";
import { localSignals } from "../../src/signals/local-signals.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import { start, success } from "../contract/samples.ts";

const EVENTS = 60;
const STRIDE = 10;
const RUN = { run_id: "r", thread_id: "thread" };

it("a reader that is left behind by large frames again and again reads its record twice at most", async () => {
  const storage = await openStorage({ dataDir: ":memory:" });
  const { fence } = await start(storage, "r");
  const events = Array.from({ length: EVENTS }, (_, n): RunEvent => {
    const data = { n, filling: "x".repeat(300_000) };
    return { kind: "custom", ns: [], data, seq: n + 1 };
  });
  const end = { kind: "end", status: "success", seq: EVENTS + 1 } as const;
  await storage.runs.finish(fence, { outcome: success, events: [...events, end], now: 50 });
  let rows = 0;
  const counted = {
    events: {
      ...storage.events,
      append: () => Promise.reject(new Error("Nothing is written")),
      read: async (...query: Parameters<typeof storage.events.read>) => {
        const batch = await storage.events.read(...query);
        rows += batch.length;
        return batch;
      },
      lastSeq: (runId: string) => storage.events.lastSeq(runId),
      lag: (...query: Parameters<typeof storage.events.lag>) => storage.events.lag(...query),
    },
    runs: storage.runs,
  };
  const streams = new RunStreams(
    new DatabaseBus(counted, { flushMs: 1, signals: localSignals() }),
    new MemorySaver(),
  );
  const { signal } = new AbortController();
  const query = { modes: ["custom"], subgraphs: false, after: undefined, signal } as const;
  const ahead = idsOf(streams.frames(RUN, query));
  const behind = idsOf(streams.frames(RUN, query));
  const seen: string[] = [];
  // It catches up with the other each time, and then is left behind.
  for (let turn = 0; turn < EVENTS / STRIDE; turn++) {
    await ahead(STRIDE);
    seen.push(...(await behind(STRIDE)));
  }
  expect(seen).toEqual(Array.from({ length: EVENTS }, (_, n) => String(n + 1)));
  expect(rows).toBeLessThanOrEqual(3 * EVENTS);
  await storage.close();
});

/** Takes so many frames, one after the other. */
function idsOf(batches: AsyncGenerator<Frame[], void>) {
  return async (count: number): Promise<string[]> => {
    const ids: string[] = [];
    while (ids.length < count) {
      const { value } = await batches.next();
      ids.push(...(value ?? []).map(({ id }) => id));
    }
    return ids;
  };
}
