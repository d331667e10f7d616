import type { Assistant } from "../../src/domain/assistant.ts";
import type { RunEvent } from "../../src/domain/event.ts";
import type { Run, RunOutcome } from "../../src/domain/run.ts";
import type { Thread } from "../../src/domain/thread.ts";
import type { ModelCall } from "../../src/domain/usage.ts";
import type {
  AcceptedRun,
  Blob,
  CheckpointRow,
  LeaseTerms,
  Storage,
} from "../../src/storage/ports.ts";

export const sampleThread = (thread_id: string, change: Partial<Thread> = {}): Thread => ({
  thread_id,
  status: "idle",
  metadata: {},
  config: {},
  interrupts: {},
  error: null,
  created_at: 1,
  updated_at: 1,
  state_updated_at: 1,
  ...change,
});

export const sampleRun = (run_id: string, thread_id: string, change: Partial<Run> = {}): Run => ({
  run_id,
  thread_id,
  assistant_id: "assistant",
  graph_id: "chat",
  status: "pending",
  metadata: {},
  kwargs: {
    input: { messages: [{ role: "user", content: "你好，我叫羚伊" }] },
    command: null,
    config: {},
    context: null,
    checkpoint: null,
    interrupt_before: null,
    interrupt_after: null,
    stream_mode: ["values"],
    stream_subgraphs: false,
    durability: "sync",
    on_disconnect: "continue",
    temporary: false,
  },
  multitask_strategy: "enqueue",
  created_at: 1,
  updated_at: 1,
  epoch: 0,
  crashes: 0,
  cancel: null,
  error: null,
  spent_ms: 0,
  end_checkpoint_id: null,
  end_interrupts: null,
  ...change,
});

export const sampleAssistant = (
  assistant_id: string,
  change: Partial<Assistant> = {},
): Assistant => ({
  assistant_id,
  graph_id: assistant_id,
  name: assistant_id,
  description: null,
  config: {},
  context: {},
  metadata: { created_by: "system" },
  version: 1,
  created_at: 1,
  updated_at: 1,
  ...change,
});

export const sampleCall = (call_id: string, change: Partial<ModelCall> = {}): ModelCall => ({
  call_id,
  kind: "chat",
  model_id: "demo",
  answered_by: "demo-1",
  owner: "ann",
  key_id: "key",
  units: 1,
  cost_micros: 12,
  currency: "CNY",
  cache_write_tokens: 0,
  run_id: "run",
  thread_id: "thread",
  assistant_id: null,
  prompt_tokens: 3,
  completion_tokens: 4,
  cached_tokens: 1,
  reasoning_tokens: 2,
  estimated: true,
  usage: { total_tokens: 7 },
  status: "success",
  started_at: 1,
  duration_ms: 5,
  ...change,
});

export const blob = (text: string): Blob => ({
  type: "json",
  bytes: new TextEncoder().encode(JSON.stringify(text)),
});

export const sampleCheckpoint = (
  thread_id: string,
  checkpoint_id: string,
  change: Partial<CheckpointRow> = {},
): CheckpointRow => ({
  thread_id,
  checkpoint_ns: "",
  checkpoint_id,
  parent_id: null,
  checkpoint: blob(`checkpoint ${checkpoint_id}`),
  metadata: blob(`metadata ${checkpoint_id}`),
  metadata_json: { source: "loop" },
  values: {},
  ...change,
});

export const text = (seq: number, part: string, m = 1): RunEvent => ({
  kind: "text",
  m,
  text: part,
  seq,
});

export const custom = (seq: number): RunEvent => ({ kind: "custom", ns: [], data: { seq }, seq });

export const success: RunOutcome = {
  status: "success",
  error: null,
  rest_status: "idle",
  interrupts: {},
};

/** Accepts a run on a thread, which is made if it is missing. */
export const accept = (
  storage: Storage,
  run_id: string,
  change: Partial<Run> & { thread_id?: string } = {},
  worker?: LeaseTerms,
): Promise<AcceptedRun> => {
  const run = sampleRun(run_id, change.thread_id ?? "thread", change);
  return storage.runs.accept({
    run,
    create_thread: sampleThread(run.thread_id),
    thread_metadata: {},
    thread_config: {},
    ...(worker && { worker }),
  });
};

/** Claims the next run, and answers it with its fence. */
export async function claim(storage: Storage, now = 10) {
  const run = await storage.runs.claim("worker", { now, leaseMs: 1000 });
  if (run === undefined) throw new Error("There is no run to claim");
  return { run, fence: { run_id: run.run_id, epoch: run.epoch } };
}

/** Accepts and claims a run. */
export async function start(
  storage: Storage,
  run_id: string,
  change: Partial<Run> & { thread_id?: string } = {},
) {
  await accept(storage, run_id, change);
  return claim(storage);
}

/** How many runs of these threads wait. */
export async function waitingIn(storage: Storage, threadIds: Iterable<string>): Promise<number> {
  const query = { limit: 1000, offset: 0, status: "pending" } as const;
  const lists = await Promise.all(Array.from(threadIds, (id) => storage.runs.list(id, query)));
  return lists.flat().length;
}
