import { z } from "zod";
import { CANCEL_ACTIONS, MULTITASK_STRATEGIES, RUN_STATUSES, STREAM_MODES } from "../domain/run.ts";
import { CRON_SORTS } from "../domain/cron.ts";
import { DELIVERY_STATUSES } from "../domain/webhook.ts";
import type { Json, JsonObject } from "../core/json.ts";

/** An absent value and null mean the same on this wire. */
export const absent = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value): z.output<T> | undefined => value ?? undefined);

export const uuid = z.uuid().transform((id) => id.toLowerCase());
// What the router has parsed is JSON; its inside was checked by the body reader.
export const json = z.unknown().transform((value) => value as Json);
export const jsonObject = z
  .record(z.string(), z.unknown())
  .transform((value) => value as JsonObject);

/** A flag in a query: "1", "true" and the empty text are yes. */
export const flag = z
  .enum(["0", "1", "true", "false", ""])
  .optional()
  .transform((value) => value === "1" || value === "true" || value === "");

/** A whole number: in a query its digits, in a body the number itself or its digits. */
export const wholeNumber = (low: number, high: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,16}$/, "expected a whole number")
        .transform(Number),
    ])
    .pipe(z.number().int().min(low).max(high));

const list = <T extends z.ZodType>(schema: T) =>
  z.union([z.array(schema), schema.transform((one) => [one])]);

/** A list in a query: the key again and again, or one text with commas. */
export const queryList = <T extends z.ZodType>(schema: T) =>
  z.preprocess(
    (value) => (typeof value === "string" ? value.split(",") : value),
    absent(z.array(schema)),
  );

/** A part of a list. */
export const slice = {
  limit: wholeNumber(1, 1000).default(10),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
};

export const page = <Sort extends string>(sorts: readonly [Sort, ...Sort[]], sort_by: Sort) => ({
  ...slice,
  sort_by: absent(z.enum(sorts)).transform((value) => (value as Sort | undefined) ?? sort_by),
  sort_order: absent(z.enum(["asc", "desc"])).transform((value) => value ?? "desc"),
  select: absent(z.array(z.string())),
});

export const threadParams = z.object({ thread_id: uuid });
export const runParams = z.object({ thread_id: uuid, run_id: uuid });
export const statelessRunParams = z.object({ run_id: uuid });
export const assistantParams = z.object({ assistant_id: z.string().min(1).max(200) });

const assistantFilter = {
  graph_id: absent(z.string()),
  name: absent(z.string()),
  metadata: absent(jsonObject),
};
const assistantFields = {
  name: absent(z.string().max(1000)),
  description: absent(z.string()),
  config: absent(jsonObject),
  context: absent(jsonObject),
  metadata: absent(jsonObject),
};
export const assistantCreate = z.object({
  assistant_id: absent(uuid),
  graph_id: z.string().min(1).max(200),
  ...assistantFields,
  if_exists: absent(z.enum(["raise", "do_nothing"])),
});
export const assistantPatch = z.object({
  graph_id: absent(z.string().min(1).max(200)),
  ...assistantFields,
});
export const assistantCount = z.object(assistantFilter);
export const assistantDelete = z.object({ delete_threads: flag });
export const assistantVersions = z.object({
  ...slice,
  metadata: absent(jsonObject),
});
export const assistantLatest = z.object({ version: wholeNumber(1, 2 ** 31) });
export const assistantSearch = z.object({
  ...assistantFilter,
  ...page(["created_at", "assistant_id", "graph_id", "name", "updated_at"], "created_at"),
});

/** Ten years: a later time is a mistake, and far beyond it there are no dates. */
export const MAX_DELAY_SECONDS = 10 * 366 * 24 * 3600;

export const checkpoint = z.object({
  checkpoint_id: absent(z.string()),
  checkpoint_ns: absent(z.string()),
  checkpoint_map: absent(jsonObject),
});

const nodes = absent(z.union([z.literal("*"), z.array(z.string())]));
const streamMode = z.enum(STREAM_MODES);
const streamModes = absent(list(streamMode));

/** A node, or one with an input of its own: as the wire has it, or as LangGraph writes a Send. */
const gotoTarget = z.union([
  z.string(),
  z
    .object({ node: z.string(), input: json.optional(), args: json.optional() })
    .transform(({ node, input, args }) => ({ node, input: input ?? args ?? null })),
]);

export const runCommand = z.object({
  resume: json.optional(),
  update: json.optional(),
  goto: absent(list(gotoTarget)),
});

const runFields = z.object({
  assistant_id: z.string().min(1).max(200),
  input: absent(json),
  command: absent(runCommand),
  config: absent(jsonObject),
  context: absent(jsonObject),
  metadata: absent(jsonObject),
  checkpoint: absent(checkpoint),
  checkpoint_id: absent(z.string()),
  interrupt_before: nodes,
  interrupt_after: nodes,
  stream_mode: streamModes,
  stream_subgraphs: absent(z.boolean()),
  stream_resumable: absent(z.boolean()),
  multitask_strategy: absent(z.enum(MULTITASK_STRATEGIES)),
  on_disconnect: absent(z.enum(["cancel", "continue"])),
  on_completion: absent(z.enum(["delete", "keep"])),
  if_not_exists: absent(z.enum(["create", "reject"])),
  after_seconds: absent(z.number().min(0).max(MAX_DELAY_SECONDS)),
  durability: absent(z.enum(["sync", "async", "exit"])),
  checkpoint_during: absent(z.boolean()),
  webhook: absent(z.string()),
  strict_resume: absent(z.boolean()),
  feedback_keys: absent(z.array(z.string().min(1).max(200)).max(50)),
});

/** The fields of a run that this server honours. */
export const RUN_FIELDS: readonly string[] = Object.keys(runFields.shape);

/** An object, with the names of the fields that nothing is made of. */
function noting<T extends z.ZodObject>(fields: T) {
  const known = new Set(Object.keys(fields.shape));
  return fields.loose().transform((body: Record<string, unknown>) => {
    const entries = Object.entries(body);
    const unknown = entries.filter(([key, value]) => !known.has(key) && (value ?? null) !== null);
    const honoured = Object.fromEntries(entries.filter(([key]) => known.has(key)));
    // What is left has the fields of the schema and no other.
    return { ...(honoured as z.output<T>), unknown: unknown.map(([key]) => key) };
  });
}

export const runCreate = noting(runFields);
export type RunCreate = z.output<typeof runCreate>;

const camelCase = (key: string): string =>
  key.replaceAll(/_(?<letter>[a-z])/g, (_match, letter: string) => letter.toUpperCase());
const FIELD_OF = new Map(RUN_FIELDS.map((field) => [camelCase(field), field]));

/** The official SDK sends the runs of a batch with its own names of fields, unlike those of single runs. */
const sdkNamed = z
  .record(z.string(), z.unknown())
  .transform((run) =>
    Object.fromEntries(
      Object.entries(run).map(([key, value]) => [FIELD_OF.get(key) ?? key, value]),
    ),
  );
export const runBatch = z
  .array(sdkNamed.pipe(noting(runFields.extend({ thread_id: absent(uuid) }))))
  .min(1)
  .max(1000);

const instant = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), "Invalid input: expected an ISO time")
  .transform((text) => Date.parse(text));

const cronFields = {
  timezone: absent(z.string()),
  end_time: absent(instant),
  enabled: absent(z.boolean()),
  on_run_completed: absent(z.enum(["delete", "keep"])),
};
export const cronCreate = runFields
  .pick({
    assistant_id: true,
    input: true,
    config: true,
    context: true,
    metadata: true,
    webhook: true,
    interrupt_before: true,
    interrupt_after: true,
    multitask_strategy: true,
    durability: true,
    checkpoint_during: true,
    stream_mode: true,
    stream_subgraphs: true,
    stream_resumable: true,
  })
  .extend({ schedule: z.string().max(200), ...cronFields });
export const cronPatch = cronCreate.partial({ schedule: true, assistant_id: true });
export const cronParams = z.object({ cron_id: uuid });
const cronFilter = {
  assistant_id: absent(z.string().max(200)),
  thread_id: absent(uuid),
  enabled: absent(z.boolean()),
  metadata: absent(jsonObject),
};
export const cronSearch = z.object({ ...cronFilter, ...page(CRON_SORTS, "created_at") });
export const cronCount = z.object(cronFilter);

export const deliveryParams = z.object({ delivery_id: uuid });
export const deliveryList = z.object({ status: absent(z.enum(DELIVERY_STATUSES)), ...slice });

export const runList = z.object({
  ...slice,
  status: absent(z.enum(RUN_STATUSES)),
  select: queryList(z.string()),
});
const action = absent(z.enum(CANCEL_ACTIONS)).transform((value) => value ?? "interrupt");
export const cancelQuery = z.object({ wait: flag, action, reason: absent(z.string().max(200)) });
export const cancelManyQuery = z.object({ action });
export const cancelMany = z.union([
  z.object({ run_ids: z.array(uuid).min(1).max(1000), thread_id: absent(uuid) }),
  z.object({ status: z.enum(["pending", "running", "all"]), thread_id: absent(uuid) }),
]);
/** A namespace as event names have it: its parts joined by `|`. */
const namespace = z.string().transform((path) => path.split("|").filter((part) => part !== ""));
export const joinQuery = z.object({
  cancel_on_disconnect: flag,
  stream_mode: queryList(streamMode),
  namespace: queryList(namespace),
});
