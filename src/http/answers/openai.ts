import { z } from "zod";
import { anything, count, id, object } from "./parts.ts";

const tokens = z.object({ prompt_tokens: count, total_tokens: count });

export const embeddings = z.object({
  object: z.literal("list"),
  data: z.array(
    z.object({
      object: z.literal("embedding"),
      index: count,
      embedding: z.union([z.array(z.number()), z.string()]),
    }),
  ),
  model: z.string(),
  usage: tokens,
});

export const ranking = z.object({
  id,
  object: z.literal("list"),
  model: z.string(),
  results: z.array(
    z.object({
      index: count,
      relevance_score: z.number(),
      document: z.object({ text: z.string() }).optional(),
    }),
  ),
  usage: tokens,
});

export const images = z.object({
  created: count,
  data: z.array(
    z.object({
      url: z.string().optional(),
      b64_json: z.string().optional(),
      revised_prompt: z.string().optional(),
    }),
  ),
});

export const model = z.object({
  id,
  object: z.literal("model"),
  created: count,
  owned_by: z.string(),
});
export const models = z.object({ object: z.literal("list"), data: z.array(model) });

/** Providers and graphs add fields of their own to what OpenAI has. */
export const completion = z.looseObject({
  id,
  object: z.literal("chat.completion"),
  created: z.number(),
  model: z.string(),
  choices: z.array(
    z.looseObject({
      index: count,
      message: z.looseObject({ role: z.string() }),
      finish_reason: z.string().nullable(),
    }),
  ),
  usage: object.nullish(),
});

export const response = z.looseObject({
  id,
  object: z.literal("response"),
  created_at: z.number(),
  status: z.string(),
  model: z.string(),
  output: z.array(object),
});
export const deletedResponse = z.object({
  id,
  object: z.literal("response"),
  deleted: z.literal(true),
});
export const inputItems = z.object({
  object: z.literal("list"),
  data: z.array(object),
  first_id: anything,
  last_id: anything,
  has_more: z.boolean(),
});

export const subscription = z.object({
  object: z.literal("billing_subscription"),
  has_payment_method: z.boolean(),
  soft_limit_usd: z.number(),
  hard_limit_usd: z.number(),
  system_hard_limit_usd: z.number(),
  currency: z.string().optional(),
});
export const billedUsage = z.object({
  object: z.literal("list"),
  total_usage: z.number(),
  currency: z.string().optional(),
});
