import type { Json, JsonObject } from "../core/json.ts";
import type { RunStatus } from "./run.ts";

/**
 * The canonical record of a run: what happened, once, without what can be rebuilt from it.
 * `ns` is the subgraph namespace (`node:taskId` parts), empty for the root graph.
 */
export type RunEventBody =
  /** An attempt of the run begins (1 for the first). */
  | { kind: "attempt"; attempt: number }
  /** First chunk of a message, or a whole message; `m` names it within the run. */
  | { kind: "message"; ns: string[]; m: number; message: JsonObject; metadata: JsonObject }
  /** A later chunk of message `m` that carries more than text. */
  | { kind: "chunk"; m: number; message: JsonObject }
  /** A later chunk of message `m` that is only text. */
  | { kind: "text"; m: number; text: string }
  | { kind: "updates"; ns: string[]; data: Json }
  /** The state after a step, by reference to the checkpoint that holds it. */
  | { kind: "values"; ns: string[]; checkpoint_id: string; keys: string[] }
  /** The state after a step that no checkpoint holds. */
  | { kind: "inline"; ns: string[]; data: Json }
  | { kind: "custom"; ns: string[]; data: Json }
  | { kind: "error"; error: string; message: string }
  | { kind: "end"; status: RunStatus };

/** `seq` counts from 1 within the run, without gaps, and is never used twice. */
export type RunEvent = RunEventBody & { seq: number };
