import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { LiveEvent } from "../bus/port.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { stateValues } from "./states.ts";

export type CheckpointEvent = LiveEvent & { kind: "checkpoint" };

/** The whole state of a checkpoint; undefined when a crash came before it was stored. */
export async function stateOf(
  saver: BaseCheckpointSaver,
  { thread_id }: { thread_id: string },
  event: CheckpointEvent,
): Promise<JsonObject | undefined> {
  const state = event.live?.() ?? event.state;
  if (isJsonObject(state)) return state;
  const tuple = await saver.getTuple({
    configurable: {
      thread_id,
      checkpoint_ns: event.ns.join("|"),
      checkpoint_id: event.checkpoint_id,
    },
  });
  const values = tuple && stateValues(tuple.checkpoint.channel_values);
  return isJsonObject(values) ? { ...event.empty, ...values } : undefined;
}
