import { UpstreamError } from "../../core/errors.ts";
import type { Model } from "../model.ts";
import type { PlannedCall, UsagePort } from "../usage-port.ts";

/**
 * Waits until the budgets of a call hold what it may cost. Over budget, a run pauses at an interrupt and
 * goes on from there once it is resumed; any other call fails with BudgetExceededError.
 */
export async function holdMoney(
  { model, usage }: { readonly model?: Model; readonly usage: UsagePort },
  planned: PlannedCall,
): Promise<void> {
  if (usage.hold === undefined) return;
  const pause = await pauseOf(planned);
  await pause?.takeBudgetAnswer();
  for (;;) {
    try {
      await usage.hold(planned);
      return;
    } catch (error) {
      if (!isOverBudget(error)) throw error;
      if (model?.fields.budget?.on_exceed === "fallback") throw asQuota(error);
      if (pause === undefined) throw error;
      await pause.askForMoney(error);
    }
  }
}

/** Only a run can pause; loaded only there, since it needs LangChain. */
const pauseOf = async ({ runId }: PlannedCall) =>
  runId === undefined ? undefined : await import("./pause.ts");

interface OverBudget extends Error {
  readonly details: Readonly<Record<string, unknown>>;
}

/** By name: the error may come from another copy of this product than the graph has loaded. */
const isOverBudget = (error: unknown): error is OverBudget =>
  error instanceof Error && error.name === "BudgetExceededError";

/** A failure that the model's fallbacks answer for. */
const asQuota = ({ message, details }: OverBudget): UpstreamError =>
  new UpstreamError(message, { kind: "quota", retryable: false, details: { ...details } });
