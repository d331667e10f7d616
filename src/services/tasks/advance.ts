import type { Context } from "../../context.ts";
import { AppError, UpstreamError } from "../../core/errors.ts";
import type { Task, TaskFallback } from "../../domain/task.ts";
import type { WrittenOff } from "../../models/task/model-tasks-port.ts";
import { endTask, yieldOf } from "./end.ts";
import { TaskLease } from "./lease.ts";

/** How long a task waits that the rate limit held back. */
const HELD_BACK_MS = 1000;

interface Work {
  readonly ctx: Context;
  readonly task: Task;
  readonly lease: TaskLease;
}

/** Goes on with a task that this process has taken: asks a model for it, looks after it, or ends it. */
export async function advanceTask(ctx: Context, task: Task, stopping: AbortSignal): Promise<void> {
  using lease = new TaskLease(ctx, task, stopping);
  const work = { ctx, task, lease };
  if (task.cancel_requested) await cancel(work);
  else if (task.provider_task_id === null) await begin(work);
  else await lookAfter(work);
}

/** Asks a model, unless earlier processes did so twice and died each time. */
async function begin(work: Work): Promise<void> {
  const { ctx, task } = work;
  if (task.is_asking) {
    await writeOff(work, "lost");
    if (task.resubmitted)
      return await endWithError(work, "The server went down twice while it asked for the task");
    ctx.log.warn({ task_id: task.task_id }, "a task is asked for again: its process died");
  }
  await attempt(
    work,
    async () => ctx.modelCalls.tasks.isProviderTask(task),
    (isProviders) => (isProviders ? submit(work) : makeNow(work)),
  );
}

/** Notes that a request is on its way before it is; undefined when the task is lost. */
async function noteAsking({ ctx, task }: Work): Promise<Task | undefined> {
  const now = ctx.clock.now();
  const resubmitted = task.is_asking || task.resubmitted;
  const note = { status: "running", is_asking: true, resubmitted, asked_at: now } as const;
  return (await ctx.storage.tasks.note(task, note, now)) ? { ...task, ...note } : undefined;
}

async function submit(work: Work): Promise<void> {
  const { ctx, task, lease } = work;
  await attempt(
    work,
    () => ctx.modelCalls.tasks.admit(task, lease.signal),
    async (admitted) => {
      using ticket = admitted;
      if (ticket !== undefined) return await submitNow(work);
      const now = ctx.clock.now();
      await ctx.storage.tasks.release(task, { next_at: now + HELD_BACK_MS }, now);
    },
  );
}

async function submitNow(work: Work): Promise<void> {
  const { ctx, lease } = work;
  const task = await noteAsking(work);
  if (task === undefined) return;
  await attempt(
    { ...work, task },
    () => ctx.modelCalls.tasks.submit(task, lease.signal),
    async ({ id, maxWaitMs }) => {
      const now = ctx.clock.now();
      const note = {
        provider_task_id: id,
        is_asking: false,
        attempts: 0,
        deadline_at: now + maxWaitMs,
        next_at: now + ctx.modelCalls.tasks.pauseMs({ ...task, attempts: 0 }),
      };
      if (!(await ctx.storage.tasks.release(task, note, now)))
        ctx.log.error({ task_id: task.task_id, provider_task_id: id }, "a submitted task is lost");
    },
  );
}

async function makeNow(work: Work): Promise<void> {
  const { ctx, lease } = work;
  const task = await noteAsking(work);
  if (task === undefined) return;
  await attempt(
    { ...work, task },
    () => ctx.modelCalls.tasks.make(task, lease.signal),
    (made) => endTask(ctx, task, { status: "success", ...yieldOf(ctx, task, made) }),
  );
}

async function lookAfter(work: Work): Promise<void> {
  const { ctx, task, lease } = work;
  await attempt(
    work,
    () => ctx.modelCalls.tasks.look(task, lease.signal),
    async (seen) => {
      if (seen.status === "running") await waitOn(work);
      else if (seen.status === "success")
        await endTask(ctx, task, { status: "success", ...yieldOf(ctx, task, seen.made) });
      else if (seen.status === "error") await failOver(work, seen.error);
      else await endTask(ctx, task, { status: seen.status, error: seen.reason });
    },
  );
}

/** Leaves the task until the next look, or gives it up when its time is over. */
async function waitOn(work: Work): Promise<void> {
  const { ctx, task } = work;
  const now = ctx.clock.now();
  const { deadline_at: deadline, asked_at: since, attempts } = task;
  if (deadline !== null && now >= deadline) {
    await ctx.modelCalls.tasks.callOff(task).catch(() => undefined);
    const seconds = Math.round((deadline - (since ?? task.created_at)) / 1000);
    const what = `The provider did not end the task within ${seconds} seconds`;
    return await giveUp(work, new UpstreamError(what, { kind: "timeout", retryable: false }));
  }
  const pause = ctx.modelCalls.tasks.pauseMs({ ...task, attempts: attempts + 1 });
  const next_at = Math.min(now + pause, deadline ?? Infinity);
  await ctx.storage.tasks.release(task, { attempts: attempts + 1, next_at }, now);
}

/** Asks a model; what that fails with decides what becomes of the task. Troubles of the database rise. */
async function attempt<Result>(
  work: Work,
  call: () => Promise<Result>,
  then: (result: Result) => Promise<void>,
): Promise<void> {
  let result: Result;
  try {
    result = await call();
  } catch (error) {
    return await failed(work, error);
  }
  await then(result);
}

async function failed(work: Work, error: unknown): Promise<void> {
  const { task, lease } = work;
  if (lease.isLost) return;
  if (lease.isCancelled) return await cancel(work);
  // A server that stops leaves the task to the next one.
  if (lease.signal.aborted) return await setAside(work);
  if (task.provider_task_id !== null) return await lookFailed(work, error);
  await askFailed(work, error);
}

async function lookFailed(work: Work, error: unknown): Promise<void> {
  const { ctx, task } = work;
  if (isPassing(error)) {
    ctx.log.debug({ err: error, task_id: task.task_id }, "could not look at a task");
    return await waitOn(work);
  }
  await giveUp(work, error);
}

/** Only a submission is tried again here: a call that makes the thing has its own retries. */
async function askFailed(work: Work, error: unknown): Promise<void> {
  const { ctx, task } = work;
  const isSubmission =
    error instanceof UpstreamError && task.is_asking && ctx.modelCalls.tasks.isProviderTask(task);
  const pause = isSubmission ? ctx.modelCalls.tasks.retryMs(task, error) : undefined;
  if (pause === undefined) return await failOver(work, error);
  const now = ctx.clock.now();
  await ctx.storage.tasks.release(
    task,
    {
      status: "pending",
      is_asking: false,
      attempts: task.attempts + 1,
      next_at: now + Math.round(pause),
    },
    now,
  );
}

async function setAside({ ctx, task }: Work): Promise<void> {
  const now = ctx.clock.now();
  // Whether a submission that was cut off arrived is not known, so it stays noted.
  const isKnown = !task.is_asking || !ctx.modelCalls.tasks.isProviderTask(task);
  await ctx.storage.tasks.release(
    task,
    { ...(isKnown ? { is_asking: false } : {}), next_at: now },
    now,
  );
}

async function cancel(work: Work): Promise<void> {
  const { ctx, task, lease } = work;
  if (task.provider_task_id !== null) {
    await ctx.modelCalls.tasks.callOff(task).catch(() => undefined);
    await writeOff(work, "cancelled");
  } else if (task.is_asking && (!lease.isCancelled || ctx.modelCalls.tasks.isProviderTask(task)))
    await writeOff(work, "lost");
  await endTask(ctx, task, { status: "cancelled" });
}

/** Is done with a task that the provider has. */
async function giveUp(work: Work, error: unknown): Promise<void> {
  await writeOff(work, "error");
  await failOver(work, error);
}

/** Leaves a task that failed for good to the next fallback of its model, or ends it. */
async function failOver(work: Work, error: unknown): Promise<void> {
  const { ctx, task } = work;
  let fallback: TaskFallback;
  try {
    fallback = ctx.modelCalls.tasks.fallBack(task, error);
  } catch (last) {
    return await endWithError(work, messageOf(work, last));
  }
  const { task_id, model } = task;
  ctx.log.warn({ task_id, model, fallback: fallback.model }, "a task falls back");
  const now = ctx.clock.now();
  await ctx.storage.tasks.release(task, { ...NOT_ASKED, fallback, next_at: now }, now);
}

/** As a task is that was not asked of a model yet. */
const NOT_ASKED = {
  status: "pending",
  provider_task_id: null,
  is_asking: false,
  resubmitted: false,
  attempts: 0,
  deadline_at: null,
} as const;

async function writeOff({ ctx, task }: Work, as: WrittenOff): Promise<void> {
  try {
    await ctx.modelCalls.tasks.writeOff(task, as);
  } catch (error) {
    // The model is gone, and its prices with it.
    ctx.log.warn({ err: error, task_id: task.task_id }, "a call of a task is in no ledger");
  }
}

const endWithError = ({ ctx, task }: Work, error: string): Promise<void> =>
  endTask(ctx, task, { status: "error", error });

/** A model may be unavailable for a while, such as when its key is missing after a restart. */
const isPassing = (error: unknown): boolean =>
  error instanceof UpstreamError
    ? error.retryable
    : error instanceof AppError && error.code === "unavailable";

function messageOf({ ctx, task }: Work, error: unknown): string {
  if (error instanceof AppError) return error.message;
  ctx.log.error({ err: error, task_id: task.task_id }, "a task failed");
  return "Internal server error";
}
