import { expect, it } from "vitest";
import { DatabaseBus } from "../../src/bus/database-bus.ts";
import { readLanggraphFile } from "../../src/config/langgraph-file.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { RunEventBody } from "../../src/domain/event.ts";
import type { Run } from "../../src/domain/run.ts";
import { GraphLoader } from "../../src/runtime/load-graphs.ts";
import { createRuntime } from "../../src/runtime/runtime.ts";
import { localSignals } from "../../src/signals/local-signals.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Checkpoints, Storage } from "../../src/storage/ports.ts";
import { SearchableItems } from "../../src/store/items.ts";
import { start } from "../contract/samples.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

/** The storage, but its checkpoints are put only from `open` on. */
function heldStorage(storage: Storage) {
  const { promise, resolve: open } = Promise.withResolvers<void>();
  const { checkpoints } = storage;
  const held: Checkpoints = {
    put: async (...row) => {
      await promise;
      return checkpoints.put(...row);
    },
    putWrites: (...writes) => checkpoints.putWrites(...writes),
    get: (key) => checkpoints.get(key),
    list: (query) => checkpoints.list(query),
    parts: (...query) => checkpoints.parts(...query),
    isAnswerWaiting: (run) => checkpoints.isAnswerWaiting(run),
    deleteThread: (threadId) => checkpoints.deleteThread(threadId),
  };
  return { storage: { ...storage, checkpoints: held }, open };
}

const durabilities: Run["kwargs"]["durability"][] = ["sync", "async"];

it.each(durabilities)(
  "the record tells of no checkpoint before it is stored (%s)",
  async (durability) => {
    await using opened = await openDatabase();
    const { storage, open } = heldStorage(opened.storage);
    const graph = { graph_id: "chain", assistant_id: "chain" };
    const { run, fence } = await start(opened.storage, "r", graph);
    const langgraph = readLanggraphFile(TEST_GRAPHS);
    const runtime = createRuntime({
      loader: new GraphLoader(langgraph.graphs),
      storage,
      items: new SearchableItems({
        rows: storage.items,
        config: langgraph.store,
        clock: systemClock,
      }),
      bus: new DatabaseBus(storage, { flushMs: 1, signals: localSignals() }),
      clock: systemClock,
      cacheBytes: 1_000_000,
    });
    const events: RunEventBody[] = [];
    const writer = { append: (body: RunEventBody) => void events.push(body) };
    const configurable = { ledger: "/dev/null", pause_ms: 0 };
    const kwargs = { ...run.kwargs, input: { steps: [] }, config: { configurable }, durability };
    const executed = runtime.execute(
      { ...run, kwargs },
      {
        fence,
        signal: new AbortController().signal,
        writer: {
          ...writer,
          flush: () => Promise.resolve(),
          close: () => Promise.resolve([]),
          release: () => undefined,
        },
      },
    );
    while (events.length === 0) await new Promise(setImmediate);
    // Time enough for the first steps of a graph that waits for nothing.
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    expect(events.map(({ kind }) => kind)).toEqual(["attempt"]);
    open();
    expect(await executed).toMatchObject({ status: "success" });
    const told = events.filter((event) => event.kind === "checkpoint");
    expect(told).toHaveLength(12);
    expect(told.filter(({ state }) => state !== undefined)).toEqual([]);
  },
);

async function openDatabase() {
  const storage = await openStorage({ dataDir: ":memory:" });
  return { storage, [Symbol.asyncDispose]: () => storage.close() };
}
