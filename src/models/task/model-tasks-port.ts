import type { JsonObject } from "../../core/json.ts";
import type { UpstreamError } from "../../core/errors.ts";
import type { Task, TaskFallback, TaskWork } from "../../domain/task.ts";
import type { MadeImage } from "../image/fetch-image.ts";

/** What a task brought. */
export type TaskYield =
  | { readonly kind: "chat"; readonly answer: JsonObject }
  | { readonly kind: "image"; readonly images: readonly MadeImage[] };

/** How far a provider is with a task. */
export type TaskProgress =
  | { readonly status: "running" }
  | { readonly status: "success"; readonly made: TaskYield }
  | { readonly status: "error"; readonly error: UpstreamError }
  | { readonly status: "cancelled"; readonly reason: string };

/** What became of a request that brought nothing; of a lost one nobody knows. */
export type WrittenOff = "error" | "cancelled" | "lost";

/** What models do for tasks. Failures of providers are UpstreamErrors. */
export interface ModelTasks {
  /** Id of the model that is to be asked, the default where none is named; rejects what it cannot make. */
  check(work: TaskWork, model: string | undefined): string;
  /** Whether the provider makes it in the background. */
  isProviderTask(task: Task): boolean;
  /** Waits a little until the rate limit lets a submission through; undefined when it does not. */
  admit(task: Task, signal: AbortSignal): Promise<Disposable | undefined>;
  submit(task: Task, signal: AbortSignal): Promise<{ id: string; maxWaitMs: number }>;
  look(task: Task, signal: AbortSignal): Promise<TaskProgress>;
  /** Makes it by one call of the model that is asked, retries and all. */
  make(task: Task, signal: AbortSignal): Promise<TaskYield>;
  /** Asks the provider to stop; whether it does is not told. */
  callOff(task: Task): Promise<void>;
  /** The pause before the next look, longer after each. */
  pauseMs(task: Task): number;
  /** The pause before a failed submission is tried again; undefined when it shall not be. */
  retryMs(task: Task, error: unknown): number | undefined;
  /** The fallback to ask next where a chat failed with this; throws what it ends with where there is none. */
  fallBack(task: Task, error: unknown): TaskFallback;
  /**
   * Enters the request that was last made for the task into the ledger, once; not a lost one that the
   * provider knows by our own id when it is repeated.
   */
  writeOff(task: Task, as: WrittenOff): Promise<void>;
}
