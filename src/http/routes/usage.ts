import { z } from "zod";
import { dayOf, USAGE_GROUPS } from "../../domain/usage.ts";
import { remainingBudgets } from "../../services/budgets/remaining.ts";
import { exportCalls } from "../../services/usage/export.ts";
import { reportUsage } from "../../services/usage/report.ts";
import { type Route, route } from "../route.ts";
import { absent, wholeNumber } from "../schemas.ts";
import { exportReply } from "../usage-export.ts";
import { reportJson } from "../usage-json.ts";
import { listOf, usageSums } from "../answers/parts.ts";
import { remaining } from "../answers/operations.ts";

const id = absent(z.string().min(1).max(200));

/** A date, or a time of which the day in UTC counts. */
const day = absent(
  z
    .string()
    .refine((text) => !Number.isNaN(Date.parse(text)), "expected a date or an ISO time")
    .transform((text) => dayOf(Date.parse(text))),
);

const usageQuery = z.object({
  group_by: absent(z.enum(USAGE_GROUPS)).transform((group) => group ?? "day"),
  from: day,
  to: day,
  model: id,
  assistant: id,
  thread: id,
  owner: id,
  limit: wholeNumber(1, 1000).default(100),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
});

/** A time; a date is its first moment in UTC. */
const instant = absent(
  z
    .string()
    .refine((text) => !Number.isNaN(Date.parse(text)), "expected a date or an ISO time")
    .transform((text) => Date.parse(text)),
);

/** Each row has what it is grouped by. */
const usageGroup = usageSums.extend(
  Object.fromEntries(USAGE_GROUPS.map((group) => [group, z.string().nullish()])),
);

const exportQuery = z.object({
  format: absent(z.enum(["csv", "jsonl"])).transform((format) => format ?? "csv"),
  from: instant,
  before: instant,
  model: id,
  assistant: id,
  thread: id,
  owner: id,
});

export const usageRoutes: Route[] = [
  route({
    method: "get",
    path: "/usage/export",
    summary: "Every recorded call, oldest first, as CSV or as lines of JSON",
    auth: "usage:read",
    query: exportQuery,
    response: "text",
    handle: async ({ ctx, query }) => {
      const { format, from, before, model, assistant, thread, owner } = query;
      const pages = await exportCalls(ctx, {
        from,
        before,
        model_id: model,
        assistant_id: assistant,
        thread_id: thread,
        owner,
      });
      return exportReply(pages, format);
    },
  }),
  route({
    method: "get",
    path: "/usage/budgets",
    summary: "What is left of the budgets of whoever asks",
    auth: "usage:read",
    response: listOf(remaining),
    handle: async ({ ctx }) => Response.json(await remainingBudgets(ctx)),
  }),
  route({
    method: "get",
    path: "/usage",
    summary: "Tokens and cost by model, assistant, thread or day, for each currency",
    auth: "usage:read",
    query: usageQuery,
    response: z.object({
      group_by: z.enum(USAGE_GROUPS),
      rows: z.array(usageGroup),
      totals: z.array(usageSums),
    }),
    handle: async ({ ctx, query }) => {
      const { group_by, from, to, model, assistant, thread, owner, ...page } = query;
      const filter = {
        from_day: from,
        to_day: to,
        model_id: model,
        assistant_id: assistant,
        thread_id: thread,
        owner,
      };
      return Response.json(
        reportJson(await reportUsage(ctx, { group_by, filter, ...page }), group_by),
      );
    },
  }),
];
