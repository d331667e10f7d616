import type { Context } from "../context.ts";

/** The metrics of this process, with the runs that wait or are executed on its database. */
export async function reportMetrics(
  { storage, metrics }: Context,
  format: "prometheus" | "json",
): Promise<{ type: string; text: string }> {
  return metrics.report(await storage.runs.countActive(), format);
}
