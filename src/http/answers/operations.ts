import { z } from "zod";
import { KEY_BUDGET_PERIODS } from "../../domain/api-key.ts";
import { BUDGET_PERIODS, BUDGET_SCOPES } from "../../domain/budget.ts";
import { TASK_KINDS, TASK_STATUSES } from "../../domain/task.ts";
import { DELIVERY_STATUSES } from "../../domain/webhook.ts";
import { anything, count, id, object, time } from "./parts.ts";

export const budget = z.object({
  budget_id: id,
  scope: z.enum(BUDGET_SCOPES),
  subject: z.string(),
  per: z.enum(BUDGET_PERIODS),
  currency: z.string(),
  amount: z.number(),
  limit_micros: count,
  created_at: time,
  updated_at: time,
});
const spend = { spent_micros: z.int(), held_micros: z.int() };
export const budgetWithSpends = budget.extend({
  spends: z.array(z.object({ subject: z.string(), period: z.string(), ...spend })),
});
export const remaining = z.object({
  scope: z.enum(BUDGET_SCOPES),
  subject: z.string(),
  per: z.string(),
  period: z.string(),
  currency: z.string(),
  limit_micros: count,
  ...spend,
  remaining_micros: count,
});

const names = z.array(z.string()).nullable();
const limit = count.nullable();
export const apiKey = z.object({
  key_id: id,
  name: z.string(),
  owner: z.string(),
  admin: z.boolean(),
  prefix: z.string(),
  last4: z.string(),
  models: names,
  graphs: names,
  routes: names,
  requests_per_minute: limit,
  tokens_per_minute: limit,
  concurrency: limit,
  budget: z
    .string()
    .nullable()
    .meta({ description: `an amount, per ${KEY_BUDGET_PERIODS.join(", ")}` }),
  expires_at: time.nullable(),
  created_at: time,
  rotated_at: time.nullable(),
  revoked_at: time.nullable(),
  last_used_at: time.nullable(),
});
export const apiKeyWithSecret = apiKey.extend({ secret: z.string() });

export const delivery = z.object({
  delivery_id: id,
  run_id: id.nullable(),
  thread_id: id.nullable(),
  task_id: id.nullable(),
  url: z.string(),
  status: z.enum(DELIVERY_STATUSES),
  attempts: count,
  next_attempt_at: time.nullable(),
  last_status: z.int().nullable(),
  last_error: z.string().nullable(),
  created_at: time,
  updated_at: time,
});

export const task = z.object({
  task_id: id,
  kind: z.enum(TASK_KINDS),
  model: z.string(),
  status: z.enum(TASK_STATUSES),
  input: object,
  result: object.nullable(),
  error: z.string().nullable(),
  metadata: object,
  webhook: z.string().nullable(),
  fallback: z.object({ model: z.string(), tried: z.array(object) }).nullable(),
  provider_task_id: z.string().nullable(),
  cancel_requested: z.boolean(),
  resubmitted: z.boolean(),
  deadline_at: time.nullable(),
  created_at: time,
  updated_at: time,
});

export const file = z.object({
  file_id: id,
  content_type: z.string(),
  size: count,
  metadata: object,
  created_at: time,
});

/** One figure of the process or the server, by its labels. */
export const metrics = z.array(
  z.looseObject({ name: z.string(), help: z.string(), type: anything, values: z.array(anything) }),
);

const document = z.object({
  document_id: id,
  source: z.string(),
  content_type: z.string(),
  hash: z.string(),
  chunks: count,
  model: z.string(),
  metadata: object,
});
export const documents = z.object({ documents: z.array(document) });
export const ingested = document.extend({ status: z.enum(["created", "updated", "unchanged"]) });
export const found = z.object({
  passages: z.array(
    z.object({
      document_id: id,
      source: z.string(),
      metadata: object,
      chunk: count,
      text: z.string(),
      first_line: count,
      last_line: count,
      page: count.optional(),
      heading: z.string().optional(),
      first_row: count.optional(),
      last_row: count.optional(),
      path: z.string().optional(),
      score: z.number(),
    }),
  ),
  warning: z.string().optional(),
});
