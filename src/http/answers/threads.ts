import { z } from "zod";
import { MULTITASK_STRATEGIES, RUN_STATUSES } from "../../domain/run.ts";
import { THREAD_STATUSES, TTL_STRATEGIES } from "../../domain/thread.ts";
import { anything, count, id, object, time, usage } from "./parts.ts";

export const thread = z.object({
  thread_id: id,
  status: z.enum(THREAD_STATUSES),
  metadata: object,
  config: object,
  values: anything,
  interrupts: z.record(z.string(), z.array(anything)),
  error: object.nullable(),
  ttl: z.object({ ttl: z.number(), strategy: z.enum(TTL_STRATEGIES) }).optional(),
  usage,
  created_at: time,
  updated_at: time,
  state_updated_at: time,
});
/** With `select` only some fields, with `extract` others beside them. */
export const foundThread = thread.partial().extend({ extracted: object.optional() });

export const threadStorage = z.object({
  thread_id: id,
  total_bytes: count,
  sections: z.record(z.string(), count),
});

export const run = z.object({
  run_id: id,
  thread_id: id,
  assistant_id: id,
  status: z.enum(RUN_STATUSES),
  metadata: object,
  kwargs: object,
  multitask_strategy: z.enum(MULTITASK_STRATEGIES),
  error: object.nullable(),
  usage,
  created_at: time,
  updated_at: time,
});

/** The values of a run; with `__interrupt__` where it waits, `__error__` alone where it failed. */
export const result = anything;

const checkpoint = z.object({
  thread_id: id,
  checkpoint_id: id.nullable(),
  checkpoint_ns: z.string(),
  checkpoint_map: object.optional(),
});
export const updatedState = z.object({ checkpoint });

const stateTask = z.object({
  id,
  name: z.string(),
  error: z.string().nullable(),
  interrupts: z.array(anything),
  checkpoint: checkpoint.nullable(),
  get state(): z.ZodNullable<typeof threadState> {
    return threadState.nullable();
  },
  result: anything.optional(),
});
const threadState = z.object({
  values: anything,
  next: z.array(z.string()),
  tasks: z.array(stateTask),
  metadata: object,
  created_at: time.nullable(),
  checkpoint: checkpoint.nullable(),
  parent_checkpoint: checkpoint.nullable(),
});
/** With `select` only some of the fields. */
export const state = threadState.partial();
