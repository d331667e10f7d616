import type { Context } from "../../context.ts";
import type { Run } from "../../domain/run.ts";
import type { AcceptedRun, NewRun } from "../../storage/ports.ts";
import { checkWebhook } from "../maintenance/check-webhook.ts";
import { allowedToCreate } from "../access.ts";
import { refuseWhileDraining } from "../draining.ts";
import { assistantToRun } from "../assistants/find.ts";
import { feedbackTickets } from "../feedback/tickets.ts";
import { defaultTtl, newThread } from "../threads/create.ts";
import { checkTimeout, type CreateRun, lastingConfig, newRun } from "./new-run.ts";

/** Accepts a run: when this resolves it is stored with all it needs, and a worker knows of it. */
export async function createRun(ctx: Context, input: CreateRun): Promise<Run> {
  const accepted = await accept(ctx, await prepare(ctx, input));
  announce(ctx, [accepted]);
  return accepted.run;
}

/** Accepts all of these runs or, when one is refused, none. */
export async function createRuns(ctx: Context, inputs: readonly CreateRun[]): Promise<Run[]> {
  const prepared: NewRun[] = [];
  for (const input of inputs) prepared.push(await prepare(ctx, input));
  const accepted = await ctx.storage.runs.acceptAll(prepared);
  announce(ctx, accepted);
  return accepted.map(({ run }) => run);
}

/** All that storing a run takes, once everything was checked that can be before. */
async function prepare(ctx: Context, asked: CreateRun): Promise<NewRun> {
  refuseWhileDraining(ctx);
  checkWebhook(ctx, asked.webhook);
  const { filter: access, metadata } = await allowedToCreate(
    ctx,
    "threads:create_run",
    deed(asked),
  );
  const input = { ...asked, metadata };
  const assistant = await assistantToRun(ctx, input);
  await ctx.graphs.check(assistant.graph_id);
  const thread =
    input.thread_id === undefined
      ? undefined
      : await ctx.storage.threads.find(input.thread_id, access);
  checkTimeout(input.config);
  const run = withTickets(
    ctx,
    newRun({ input, assistant, thread, now: ctx.clock.now(), user: ctx.actor.user }),
    input.feedback,
  );
  const makesThread = input.thread_id === undefined || input.if_not_exists === "create";
  return {
    run,
    ...(makesThread
      ? {
          create_thread: newThread({
            thread_id: run.thread_id,
            metadata,
            now: ctx.clock.now(),
            ttl: defaultTtl(ctx.settings),
          }),
        }
      : {}),
    thread_metadata: { graph_id: assistant.graph_id, assistant_id: assistant.assistant_id },
    thread_config: lastingConfig(run, input.headers),
    max_pending: {
      all: ctx.settings.max_pending_runs,
      perOwner: ctx.settings.max_pending_runs_per_owner,
    },
    access,
  };
}

/** The run with a token for each key that feedback is wanted for. */
function withTickets(ctx: Context, run: Run, feedback: CreateRun["feedback"]): Run {
  if (feedback === undefined || feedback.keys.length === 0) return run;
  const tickets = feedbackTickets(ctx, { run_id: run.run_id, ...feedback });
  return { ...run, kwargs: { ...run.kwargs, feedback: tickets } };
}

/** Stores the run; an idle worker has it from the same commit, and need not look for it. */
async function accept(ctx: Context, input: NewRun): Promise<AcceptedRun> {
  const place = input.run.created_at <= ctx.clock.now() ? ctx.workers.offer() : undefined;
  let accepted: AcceptedRun | undefined;
  try {
    accepted = await ctx.storage.runs.accept({ ...input, ...(place && { worker: place.terms }) });
    return accepted;
  } finally {
    place?.take(accepted?.claimed);
  }
}

/** Tells workers and followers what came of runs that were accepted. */
function announce(ctx: Context, accepted: readonly AcceptedRun[]): void {
  for (const { run, cancelled, ended } of accepted) {
    const action = run.multitask_strategy === "rollback" ? "rollback" : "interrupt";
    for (const runId of cancelled) ctx.workers.cancel(runId, action);
    for (const runId of ended) ctx.bus.publish(runId, []);
    ctx.bus.announce(run.thread_id);
  }
  const waiting = accepted.filter(({ claimed }) => !claimed).map(({ run }) => run.run_id);
  if (waiting.length > 0) ctx.workers.wake(waiting);
}

/** A new run as auth handlers see it. */
function deed({ metadata, ...asked }: CreateRun) {
  const { thread_id, assistant_id, run_id, multitask_strategy, if_not_exists, after_seconds } =
    asked;
  const { input, command, config, context, checkpoint, webhook } = asked;
  return {
    thread_id,
    assistant_id,
    run_id,
    status: "pending",
    metadata,
    multitask_strategy,
    if_not_exists,
    after_seconds,
    kwargs: { input, command, config, context, checkpoint, webhook },
  };
}
