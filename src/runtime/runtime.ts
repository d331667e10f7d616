import type { Bus, EventWriter } from "../bus/port.ts";
import { Memo } from "../checkpoint/memo.ts";
import { PartCache } from "../checkpoint/part-cache.ts";
import { FencedSaver } from "../checkpoint/saver.ts";
import type { Clock } from "../core/clock.ts";
import type { Graphs, States, Streams } from "../context.ts";
import type { Fence, Run, RunOutcome } from "../domain/run.ts";
import { itemOwner } from "../domain/item.ts";
import type { Storage } from "../storage/ports.ts";
import type { Items } from "../store/port.ts";
import { executeRun } from "./execute-run.ts";
import { RunStreams } from "./frames.ts";
import { carryConfigLightly } from "./light-config.ts";
import { GraphStore, reachStoreDirectly } from "./graph-store.ts";
import { GraphCatalog } from "./graph-catalog.ts";
import type { GraphLoader } from "./load-graphs.ts";
import { GraphStates } from "./states.ts";
import type { KnownDicts } from "./wire.ts";

export { installSdkHooks } from "./sdk-hooks.ts";

/** Executes one attempt of a run; rejects when the signal is aborted or the lease is lost. */
export type Execute = (
  run: Run,
  attempt: { fence: Fence; writer: EventWriter; signal: AbortSignal },
) => Promise<RunOutcome>;

/** All that touches LangGraph; importing this file is what loads it. */
export interface Runtime {
  graphs: Graphs;
  states: States;
  streams: Streams;
  execute: Execute;
}

export function createRuntime(parts: {
  loader: GraphLoader;
  storage: Storage;
  items: Items;
  bus: Bus;
  clock: Clock;
  /** About how much of the checkpoints that were read is kept in memory. */
  cacheBytes: number;
}): Runtime {
  const { loader, storage, items, bus, clock, cacheBytes } = parts;
  carryConfigLightly();
  reachStoreDirectly();
  // One for all savers, so that a run finds what the one before it on its thread had in memory.
  const cache = new PartCache({ maxBytes: cacheBytes });
  const saver = new FencedSaver(storage.checkpoints, { cache });
  const dicts: KnownDicts = new Memo();
  return {
    graphs: new GraphCatalog(loader),
    states: new GraphStates({ loader, storage, saver, clock }),
    streams: new RunStreams(bus, saver),
    execute: (run, { fence, writer, signal }) =>
      executeRun(run, {
        loader,
        saver: new FencedSaver(storage.checkpoints, { fence, cache }),
        store: new GraphStore(items, { owner: itemOwner(run.kwargs.user), fence }),
        writer,
        signal,
        clock,
        dicts,
      }),
  };
}
