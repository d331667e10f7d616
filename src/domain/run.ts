import type { Json, JsonObject } from "../core/json.ts";
import type { User } from "./actor.ts";
import type { FeedbackTickets } from "./feedback.ts";

export const RUN_STATUSES = [
  "pending",
  "running",
  "error",
  "success",
  "timeout",
  "interrupted",
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export const MULTITASK_STRATEGIES = ["reject", "enqueue", "interrupt", "rollback"] as const;
export type MultitaskStrategy = (typeof MULTITASK_STRATEGIES)[number];

export const CANCEL_ACTIONS = ["interrupt", "rollback"] as const;
export type CancelAction = (typeof CANCEL_ACTIONS)[number];

export const STREAM_MODES = [
  "values",
  "updates",
  "messages",
  "messages-tuple",
  "custom",
  "tasks",
  "checkpoints",
  "debug",
  "events",
  "tools",
] as const;
export type StreamMode = (typeof STREAM_MODES)[number];

/** Modes that a run is executed otherwise for: there is nothing of them unless the run was started with them. */
export const MODES_ON_DEMAND: ReadonlySet<StreamMode> = new Set<StreamMode>(["events"]);

/** A node to go to: by its name, or with an input of its own. */
export type GotoTarget = string | { node: string; input: Json };

export interface RunCommand {
  resume?: Json | undefined;
  update?: Json | undefined;
  goto?: GotoTarget[] | undefined;
}

/** All a worker needs to execute a run, kept with the run so that another worker can. */
export interface RunKwargs {
  input: Json;
  command: RunCommand | null;
  /** Assistant, thread and run config merged. */
  config: JsonObject;
  /** Assistant and run context merged; null when neither gave one. */
  context: JsonObject | null;
  checkpoint: JsonObject | null;
  interrupt_before: string[] | "*" | null;
  interrupt_after: string[] | "*" | null;
  stream_mode: StreamMode[];
  stream_subgraphs: boolean;
  durability: "sync" | "async" | "exit";
  on_disconnect: "cancel" | "continue";
  /** A run without a thread of the client's own: its thread goes when it ends. */
  temporary: boolean;
  /** Where the end of the run is told. */
  webhook?: string;
  /** A resume that does not fit what waits for an answer is an error. */
  strict_resume?: boolean;
  /** The questions that waited when an answer came that names none. */
  answers?: string[];
  /** How its users say what they think of it. */
  feedback?: FeedbackTickets;
  /** On whose behalf it is executed; not shown to anybody but its graph. */
  user?: User;
}

/** The arguments of a run as clients and webhooks see them. */
export const shownKwargs = ({ user: _user, feedback, ...kwargs }: RunKwargs) => ({
  ...kwargs,
  ...(feedback ? { feedback_keys: Object.keys(feedback.tokens) } : {}),
});

/** One execution of a graph on a thread. Times are milliseconds since the epoch. */
export interface Run {
  run_id: string;
  thread_id: string;
  assistant_id: string;
  graph_id: string;
  status: RunStatus;
  metadata: JsonObject;
  kwargs: RunKwargs;
  multitask_strategy: MultitaskStrategy;
  created_at: number;
  updated_at: number;
  /** Raised by every claim; a writer with an older one is refused. */
  epoch: number;
  /** How often a worker died in this run. */
  crashes: number;
  /** Set when somebody asked for its end while it was running. */
  cancel: CancelAction | null;
  error: JsonObject | null;
  /** How long attempts before this one took. */
  spent_ms: number;
  /** The newest checkpoint of its thread when it ended. */
  end_checkpoint_id: string | null;
  /** The interrupts it ended with; null when it does not wait for an answer. */
  end_interrupts: Json[] | null;
}

/** Where a run stands among those of its thread, which are executed in this order. */
export type RunPlace = Pick<Run, "created_at" | "run_id">;

/** The time limit that a run's config asks for, in milliseconds as LangChain has it, if it is one. */
export function timeoutMsOf(config: JsonObject): number | undefined {
  const timeout = config["timeout"];
  return typeof timeout === "number" && timeout > 0 ? timeout : undefined;
}

/** The task and the channel under which LangGraph stores the answer to whoever asks first. */
export const ANSWER = {
  task_id: "00000000-0000-0000-0000-000000000000",
  channel: "__resume__",
} as const;

/** The proof that a worker still owns a run: checked in the transaction of every write. */
export interface Fence {
  run_id: string;
  epoch: number;
}

/** How a run ended, and what it leaves its thread as. */
export interface RunOutcome {
  status: Exclude<RunStatus, "pending" | "running">;
  error: JsonObject | null;
  rest_status: "idle" | "interrupted" | "error";
  interrupts: Record<string, Json[]>;
}
