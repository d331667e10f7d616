import { z } from "zod";

/** The price of one call of a tool: millionths of a currency. */
export const ToolCost = z.strictObject({
  micros: z.int().nonnegative(),
  currency: z.string().regex(/^[A-Z]{3}$/, "expected a currency such as USD"),
});
export type ToolCost = z.infer<typeof ToolCost>;

/** A price as an operator writes it, in whole units, of the tools of a name with `*`. */
export const ToolPrice = z
  .strictObject({
    tool: z.string().min(1),
    cost: z.number().nonnegative().max(1_000_000),
    currency: ToolCost.shape.currency,
  })
  .transform(({ tool, cost, currency }) => ({
    tool,
    cost: { micros: Math.round(cost * 1_000_000), currency },
  }));
export type ToolPrice = z.output<typeof ToolPrice>;

/** How the ledger names a tool, apart from the ids of models. */
export const toolId = (name: string): string => `tool:${name}`;
