import { z } from "zod";
import { isoTime } from "../core/iso-time.ts";
import { BUDGET_PERIODS, BUDGET_SCOPES, type Budget } from "../domain/budget.ts";
import { MICROS } from "../domain/price.ts";
import { absent } from "./schemas.ts";

/** What a budget is set by. */
export const budgetCreate = z.object({
  scope: z.enum(BUDGET_SCOPES),
  subject: absent(z.string().min(1).max(200)),
  per: absent(z.enum(BUDGET_PERIODS)).transform((per) => per ?? "total"),
  currency: z.string().regex(/^[A-Z]{3}$/, "expected a code such as CNY or USD"),
  amount: z.number().nonnegative().max(1e9),
});

/** The same as the database has it. */
export const inMicros = ({ amount, ...budget }: z.output<typeof budgetCreate>) => ({
  ...budget,
  limit_micros: Math.round(amount * MICROS),
});

/** A budget as clients see it. */
export const budgetJson = ({ limit_micros, created_at, updated_at, ...budget }: Budget) => ({
  ...budget,
  amount: limit_micros / MICROS,
  limit_micros,
  created_at: isoTime(created_at),
  updated_at: isoTime(updated_at),
});
