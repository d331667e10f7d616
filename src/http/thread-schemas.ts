import { z } from "zod";
import { parsePath } from "../core/json-path.ts";
import { THREAD_STATUSES, TTL_STRATEGIES } from "../domain/thread.ts";
import { THREAD_STREAM_MODES } from "../services/threads/stream.ts";
import {
  absent,
  checkpoint,
  flag,
  json,
  jsonObject,
  MAX_DELAY_SECONDS,
  page,
  queryList,
  runCommand,
  uuid,
  wholeNumber,
} from "./schemas.ts";

const ttlMinutes = z
  .number()
  .positive()
  .max(MAX_DELAY_SECONDS / 60);
const ttl = absent(
  z.union([
    ttlMinutes.transform((minutes) => ({ ttl: minutes, strategy: "delete" as const })),
    z.object({
      ttl: ttlMinutes,
      strategy: absent(z.enum(TTL_STRATEGIES)).transform((value) => value ?? "delete"),
    }),
  ]),
);

const superstep = z.object({
  updates: z
    .array(
      z.object({
        values: json.optional(),
        command: absent(runCommand),
        as_node: absent(z.string()),
      }),
    )
    .min(1)
    .max(1000),
});

export const threadCreate = z.object({
  thread_id: absent(uuid),
  metadata: absent(jsonObject),
  supersteps: absent(z.array(superstep).max(1000)),
  if_exists: absent(z.enum(["raise", "do_nothing"])),
  ttl,
});
export const threadPatch = z.object({ metadata: absent(jsonObject), ttl });
export const threadPrune = z.object({
  thread_ids: z.array(uuid).min(1).max(1000),
  strategy: absent(z.enum(TTL_STRATEGIES)).transform((value) => value ?? "delete"),
});
const threadFilter = {
  ids: absent(z.array(uuid).max(1000)),
  metadata: absent(jsonObject),
  values: absent(jsonObject),
  status: absent(z.enum(THREAD_STATUSES)),
};

const MAX_EXTRACTS = 10;
const path = z
  .string()
  .max(1000)
  .transform((text, context) => {
    const steps = parsePath(text);
    if (steps) return steps;
    context.addIssue({
      code: "custom",
      message: 'expected a path such as "values.messages[-1].content"',
    });
    return z.NEVER;
  });
const extract = z
  .record(z.string().min(1).max(200), path)
  .refine((paths) => Object.keys(paths).length <= MAX_EXTRACTS, `expected at most ${MAX_EXTRACTS}`);

export const threadSearch = z.object({
  ...threadFilter,
  extract: absent(extract),
  ...page(["created_at", "thread_id", "status", "updated_at", "state_updated_at"], "created_at"),
});
export const threadCount = z.object(threadFilter);
export const threadGet = z.object({ include: queryList(z.string()) });
export const threadStream = z
  .object({
    stream_mode: queryList(z.enum(THREAD_STREAM_MODES)),
    stream_modes: queryList(z.enum(THREAD_STREAM_MODES)),
  })
  .transform(
    ({ stream_mode, stream_modes }) => stream_modes ?? stream_mode ?? ["run_modes" as const],
  );

export const stateUpdate = z.object({
  values: json.optional(),
  as_node: absent(z.string()),
  checkpoint: absent(checkpoint),
  checkpoint_id: absent(z.string()),
});
/** Fields of a state, `values.key` for one of its values. */
const select = queryList(z.string().min(1).max(500));
export const stateQuery = z.object({ subgraphs: flag, select });
export const stateAtCheckpoint = z.object({
  checkpoint,
  subgraphs: absent(z.boolean()),
  select: absent(z.array(z.string())),
});
export const statePatch = z.object({ metadata: absent(jsonObject) });

/** A checkpoint id in any of the three forms clients send it. */
const before = absent(
  z.union([
    z.string(),
    z.object({ checkpoint_id: z.string() }).transform(({ checkpoint_id }) => checkpoint_id),
    z
      .object({ configurable: z.object({ checkpoint_id: z.string() }) })
      .transform(({ configurable }) => configurable.checkpoint_id),
  ]),
);
export const historyQuery = z.object({
  limit: wholeNumber(1, 1000).default(10),
  before,
  select,
});
export const historyBody = historyQuery.extend({
  metadata: absent(jsonObject),
  checkpoint: absent(checkpoint),
});
