import { z } from "zod";
import { KEY_BUDGET_PERIODS } from "../domain/api-key.ts";
import { MICROS } from "../domain/price.ts";
import { absent } from "./schemas.ts";

const count = absent(z.number().int().positive());
const names = absent(z.array(z.string().min(1).max(200)).min(1).max(1000));

export const keyName = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}_.@-]{0,99}$/u, "expected letters, digits and any of _.@-");

/** The amount, currency and period of a text such as `10`, `10 USD` or `2.50 CNY/day`. */
export const BUDGET_TEXT =
  /^(?<amount>\d{1,9}(?:\.\d{1,6})?)(?: (?<currency>[A-Z]{3}))?(?:\/(?<per>\w+))?$/;

/** A budget such as `10`, `10 USD` or `2.50 CNY/day`. */
const budget = z.union([z.string(), z.number().transform(String)]).transform((text, context) => {
  const { amount, currency = "USD", per = "total" } = BUDGET_TEXT.exec(text)?.groups ?? {};
  const period = KEY_BUDGET_PERIODS.find((name) => name === per);
  if (amount !== undefined && period)
    return { amount_micros: Math.round(Number(amount) * MICROS), currency, per: period };
  context.addIssue('expected an amount such as "10", "10 USD" or "2.50 CNY/day"');
  return z.NEVER;
});

export const keyCreate = z.object({
  name: keyName,
  owner: absent(keyName),
  admin: absent(z.boolean()),
  models: names,
  graphs: names,
  routes: names,
  requests_per_minute: count,
  tokens_per_minute: count,
  concurrency: count,
  budget: absent(budget),
  expires_at: absent(z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))),
});

export const keyParams = z.object({ name: keyName });
