import {
  ensureConfig,
  pickRunnableConfigKeys,
  type RunnableConfig,
} from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import type { ConfigLike } from "../call.ts";
import { placeOf, withRunningCall, type Place } from "./place.ts";
import { resultOf, toRecord, type CallRecord } from "./record.ts";
import { ScratchpadWatch, takeAnswers } from "./scratchpad.ts";
import { callsOf, type Call, type TaskCalls } from "./task-calls.ts";

/** Work whose result is kept when it finishes, and given again instead of doing it again. */
export interface Work<Result> {
  readonly kind: "step" | "tool";
  readonly config: RunnableConfig | undefined;
  readonly content: () => unknown;
  readonly run: (config: RunnableConfig | undefined) => Promise<Result>;
}

/** A model call that may have been answered before a crash. */
export interface ModelAsk {
  /** The answer of an earlier attempt of the run. */
  readonly answer: unknown;
  readonly finish: (result: () => unknown) => Promise<void>;
}

/** Does work once for all attempts of a graph's step; outside of a stored run, just does it. */
export async function doOnce<Result>(work: Work<Result>): Promise<Result> {
  const place = placeOf(work.config);
  if (place === undefined) return await work.run(work.config);
  const call: Call = { kind: work.kind, place, content: work.content };
  const calls = callsOf(place);
  calls.begin(call);
  await calls.settled();
  const record = await calls.find(call);
  // The result is what this call gave before; only the type of the caller can say what it is.
  if (record && takesAnswers(place, record)) return (await resultOf(record)) as Result;
  return await perform(work, { call, calls });
}

async function perform<Result>(
  { config, run }: Work<Result>,
  { call, calls }: { call: Call; calls: TaskCalls },
): Promise<Result> {
  const watch = new ScratchpadWatch(call.place.scratchpad);
  const patched = {
    ...ensureConfig(config),
    configurable: {
      ...withRunningCall(call.place, calls.keyOf(call)),
      __pregel_scratchpad: watch.view,
      __pregel_call: watchedStart(call.place, watch),
    },
  };
  const result = await AsyncLocalStorageProviderSingleton.runWithConfig(
    pickRunnableConfigKeys(patched),
    async () => await run(patched),
  );
  if (!watch.startsTasks) await calls.finish(call, () => toRecord(result, watch.interrupts));
  return result;
}

/** Begins a model call; undefined where nothing is kept of it. */
export async function askOnce(
  config: ConfigLike | undefined,
  content: () => unknown,
): Promise<ModelAsk | undefined> {
  const place = placeOf(config);
  if (place === undefined) return undefined;
  const call: Call = { kind: "model", place, content };
  const calls = callsOf(place);
  calls.begin(call);
  await calls.settled();
  const record = await calls.find(call);
  return {
    answer: record && (await resultOf(record)),
    finish: (result) => calls.finish(call, () => toRecord(result(), [])),
  };
}

function takesAnswers({ scratchpad, configurable }: Place, { interrupts }: CallRecord): boolean {
  const { __pregel_send: send } = configurable;
  return takeAnswers(scratchpad, interrupts, (answers) => {
    if (typeof send === "function") send([["__resume__", answers]]);
  });
}

/** LangGraph's way to start a task from a task, noting that it was used. */
function watchedStart({ configurable }: Place, watch: ScratchpadWatch): unknown {
  const { __pregel_call: start } = configurable;
  if (typeof start !== "function") return start;
  return (...args: unknown[]): unknown => {
    watch.noteTask();
    return start(...args);
  };
}
