import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { withImplicitConfig, type ConfigLike } from "../call.ts";
import type { Scratchpad } from "./scratchpad.ts";

/** The checkpoint that a step of a graph began from, and the task of it that a node runs as. */
export interface Anchor {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string;
  readonly taskId: string;
}

/** Where in a graph's run a call is made, and all that remembering it needs. */
export interface Place {
  readonly anchor: Anchor;
  readonly saver: BaseCheckpointSaver;
  readonly scratchpad: Scratchpad;
  readonly runId: string;
  /** Whether an earlier attempt may have left finished calls. */
  readonly isResuming: boolean;
  /** Whether the run was told to do again what was done from its checkpoint. */
  readonly isReplay: boolean;
  /** Which try of the node's retry policy it is; undefined where the call was given no config. */
  readonly attempt: number | undefined;
  /** The key of the call that this call is a part of. */
  readonly outerKey: string | undefined;
  readonly configurable: Readonly<Record<string, unknown>>;
}

const RUNNING_CALL = "__kagari_call";

/** What LangGraph puts beside `configurable` in a node's config. */
interface NodeConfig extends ConfigLike {
  readonly durability?: unknown;
  readonly executionInfo?: { readonly nodeAttempt?: unknown };
}

/** The task that a config belongs to, or undefined outside a graph. */
export function anchorOf(configurable: Readonly<Record<string, unknown>>): Anchor | undefined {
  const { thread_id, checkpoint_ns, checkpoint_map, __pregel_task_id: taskId } = configurable;
  if (typeof checkpoint_ns !== "string" || typeof taskId !== "string") return undefined;
  const known = entriesOf(checkpoint_map);
  const parent = checkpoint_ns.slice(0, Math.max(0, checkpoint_ns.lastIndexOf("|")));
  const checkpointId = known.find(([namespace]) => namespace === parent)?.[1];
  if (typeof checkpointId !== "string") return undefined;
  // A task started by a task has the checkpoint of its graph under its own namespace too.
  const namespaces = known.filter(([, id]) => id === checkpointId).map(([namespace]) => namespace);
  const namespace = namespaces.reduce((least, next) => (next.length < least.length ? next : least));
  return { threadId: textOf(thread_id), namespace, checkpointId, taskId };
}

/** Where a call with this config is made, or undefined where nothing can be remembered of it. */
export function placeOf(config: ConfigLike | undefined): Place | undefined {
  const { configurable } = withImplicitConfig(config);
  const { durability, executionInfo }: NodeConfig = config ?? {};
  const { __pregel_checkpointer: saver, __pregel_scratchpad: scratchpad, run_id } = configurable;
  if (!isSaver(saver) || !isScratchpad(scratchpad)) return undefined;
  const anchor = anchorOf(configurable);
  // Under "exit" the checkpoint itself is not stored, and a crashed run begins anew.
  if (anchor === undefined || anchor.threadId === "" || durability === "exit") return undefined;
  const runId = textOf(run_id);
  const isReplay = configurable["__pregel_replay_state"] !== undefined;
  if (isReplay && runId === "") return undefined;
  const attempt = executionInfo?.nodeAttempt;
  return {
    anchor,
    saver,
    scratchpad,
    runId,
    isResuming: configurable["__pregel_resuming"] === true,
    isReplay,
    attempt: typeof attempt === "number" ? attempt : undefined,
    outerKey: runningCall(configurable, anchor.taskId),
    configurable,
  };
}

/** Marks a configurable as that of one call of its task. */
export const withRunningCall = ({ configurable, anchor }: Place, key: string) => ({
  ...configurable,
  [RUNNING_CALL]: { key, taskId: anchor.taskId },
});

/** The key of the call that a config was made for; a graph run inside that call has its own tasks. */
export function runningCall(
  configurable: Readonly<Record<string, unknown>>,
  taskId: string,
): string | undefined {
  const running = Object.fromEntries(entriesOf(configurable[RUNNING_CALL]));
  return running["taskId"] === taskId ? textOf(running["key"]) : undefined;
}

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === "object" && value !== null ? Object.entries(value) : [];

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** By shape: a graph may come with its own copy of LangGraph. */
const isSaver = (value: unknown): value is BaseCheckpointSaver =>
  typeof value === "object" && value !== null && "putWrites" in value && "getTuple" in value;

const isScratchpad = (value: unknown): value is Scratchpad =>
  typeof value === "object" && value !== null && "interruptCounter" in value && "resume" in value;
