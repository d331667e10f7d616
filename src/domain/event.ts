import type { Json, JsonObject } from "../core/json.ts";
import type { RunStatus } from "./run.ts";

export interface CheckpointNote {
  checkpoint_id: string;
  parent_id: string | null;
  /** Milliseconds since the epoch. */
  at: number;
  metadata: Json;
  next: string[];
  tasks: Json;
  /** Which channels the `values` of this step show; null where a step shows none. */
  keys: string[] | null;
  /** Channels that may still have their untouched, empty default, which no checkpoint stores. */
  empty?: JsonObject;
  /** The whole state, only when no stored checkpoint holds it (durability `exit`). */
  state?: Json;
}

export interface TaskNote {
  id: string;
  name: string;
  triggers: Json;
  interrupts: Json;
  metadata?: Json;
  /** The channels of the last checkpoint's state that it gets, or an input of its own. */
  input: { keys: string[] } | { value: Json };
}

export interface TaskResultNote {
  id: string;
  name: string;
  interrupts: Json;
  /** What it wrote; absent when the `updates` event just before says the same. */
  result?: Json;
}

/**
 * The canonical record of a run: what happened, once, without what can be rebuilt from it.
 * `ns` is the subgraph namespace (`node:taskId` parts), empty for the root graph.
 */
export type RunEventBody =
  /** An attempt of the run begins (1 for the first); `at` in milliseconds since the epoch. */
  | { kind: "attempt"; attempt: number; at: number }
  /** First chunk of a message, or a whole message; `m` names it within the run. */
  | { kind: "message"; ns: string[]; m: number; message: JsonObject; metadata: JsonObject }
  /** A later chunk of message `m` that carries more than text. */
  | { kind: "chunk"; m: number; message: JsonObject }
  /** A later chunk of message `m` that is only text. */
  | { kind: "text"; m: number; text: string }
  | { kind: "updates"; ns: string[]; data: Json }
  /** A checkpoint was made, and with it the state of a step became known. */
  | ({ kind: "checkpoint"; ns: string[] } & CheckpointNote)
  /** Values that belong to no checkpoint, such as an interrupt. */
  | { kind: "inline"; ns: string[]; data: Json }
  | ({ kind: "task"; ns: string[] } & TaskNote)
  | ({ kind: "task_result"; ns: string[] } & TaskResultNote)
  | { kind: "custom"; ns: string[]; data: Json }
  /** A tool began, said something, ended or failed, as LangGraph's mode `tools` says it. */
  | { kind: "tool"; ns: string[]; data: Json }
  /** A LangChain event; only of runs started with mode `events`. */
  | { kind: "event"; data: Json }
  /** Where users say what they think of the run, by key. */
  | { kind: "feedback"; urls: Record<string, string> }
  | { kind: "error"; error: string; message: string }
  | { kind: "end"; status: RunStatus };

/** `seq` counts from 1 within the run, without gaps, and is never used twice. */
export type RunEvent = RunEventBody & { seq: number };
