import { z } from "zod";
import { anything, id, object, time } from "./parts.ts";

export const assistantVersion = z.object({
  assistant_id: id,
  graph_id: id,
  name: z.string(),
  description: z.string().nullable(),
  config: object,
  context: object,
  metadata: object,
  version: z.int(),
  created_at: time,
});
export const assistant = assistantVersion.extend({ updated_at: time });

export const graphSchemas = z.object({
  graph_id: id,
  input_schema: object,
  output_schema: object,
  state_schema: object,
  config_schema: object,
  context_schema: object,
});
export const subgraphs = z.record(z.string(), graphSchemas);

export const drawing = z.object({
  nodes: z.array(
    z.object({
      id: z.union([z.string(), z.number()]),
      type: z.string(),
      data: anything,
      metadata: object.optional(),
    }),
  ),
  edges: z.array(
    z.object({
      source: z.string(),
      target: z.string(),
      data: z.string().optional(),
      conditional: z.boolean().optional(),
    }),
  ),
});

export const cron = z.object({
  cron_id: id,
  assistant_id: id,
  thread_id: id.nullable(),
  schedule: z.string(),
  timezone: z.string().nullable(),
  end_time: time.nullable(),
  enabled: z.boolean(),
  on_run_completed: z.enum(["delete", "keep"]),
  payload: object,
  metadata: object,
  user_id: z.string().nullable(),
  next_run_date: time.nullable(),
  created_at: time,
  updated_at: time,
});
