import type { RunnableConfig } from "@langchain/core/runnables";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { z } from "zod";
import { systemClock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { ToolCost, toolId } from "../domain/tool-cost.ts";
import { isNamed } from "../domain/tool-rule.ts";
import { holdMoney } from "../models/budget/hold.ts";
import { originOf, withImplicitConfig, type ConfigLike } from "../models/call.ts";
import type { CallOrigin } from "../models/provider/origin.ts";
import { currentRuntime } from "../models/runtime.ts";
import { NO_TOKENS } from "../models/usage.ts";
import type { ModelUsage } from "../models/usage-port.ts";
import { metadataOf } from "./limits.ts";

const KEY = "__kagari_bill";

/** What a call of a tool is said to cost: what it reports, else, when it succeeded, what was declared. */
export class Bill {
  readonly #name: string;
  readonly #most: ToolCost | undefined;
  readonly #origin: CallOrigin;
  readonly #callId = newId();
  readonly #startedAtMs = nowMs();
  #reported: ToolCost | undefined;
  #isClosed = false;

  constructor(name: string, { most, origin }: { most: ToolCost | undefined; origin: CallOrigin }) {
    this.#name = name;
    this.#most = most;
    this.#origin = origin;
  }

  /** Waits until the budgets of the run hold the most that the call may cost. */
  async hold(): Promise<void> {
    if (this.#most === undefined) return;
    const { usage } = currentRuntime();
    const { micros, currency } = this.#most;
    const planned = { callId: this.#callId, modelId: toolId(this.#name), micros, currency };
    await holdMoney({ usage }, { ...planned, ...this.#origin, budget: undefined });
  }

  /** Adds what a part of the call cost; of a call that was given up, as a row of its own. */
  add(cost: ToolCost): void {
    if (this.#isClosed) {
      void this.#record(newId(), { cost, status: "success" });
      return;
    }
    const before = this.#reported;
    if (before !== undefined && before.currency !== cost.currency)
      throw new AppError(
        "validation",
        `Tool ${this.#name} reports ${cost.currency} after ${before.currency}: one call has one currency`,
      );
    this.#reported = { ...cost, micros: cost.micros + (before?.micros ?? 0) };
  }

  /** Keeps what the call cost, and gives back what was held for it. Undefined for one that has no price. */
  async settle(status: ModelUsage["status"]): Promise<Receipt | undefined> {
    this.#isClosed = true;
    const declared = this.#most && {
      ...this.#most,
      ...(status === "success" ? {} : { micros: 0 }),
    };
    const cost = this.#reported ?? declared;
    if (cost === undefined) return undefined;
    await this.#record(this.#callId, { cost, status });
    return { call_id: this.#callId, cost_micros: cost.micros, currency: cost.currency };
  }

  async #record(
    callId: string,
    { cost, status }: { cost: ToolCost; status: ModelUsage["status"] },
  ): Promise<void> {
    await currentRuntime().usage.record({
      ...OF_A_TOOL,
      ...this.#origin,
      callId,
      modelId: toolId(this.#name),
      costMicros: cost.micros,
      currency: cost.currency,
      status,
      startedAtMs: this.#startedAtMs,
      durationMs: Math.max(0, nowMs() - this.#startedAtMs),
    });
  }
}

/** What a tool's message tells of its price. */
export type Receipt = Readonly<{ call_id: string; cost_micros: number; currency: string }>;

const OF_A_TOOL = {
  ...NO_TOKENS,
  kind: "tool",
  answeredBy: undefined,
  units: 1,
  estimated: false,
  usage: null,
} as const;

const declaredSchema = z.object({ cost: ToolCost.optional() });

/** The bill of a call that is about to be made: the operator's price of its tool, else its `metadata.cost`. */
export function billOf(tool: StructuredToolInterface, config: ConfigLike | undefined): Bill {
  const own = declaredSchema.safeParse(metadataOf(tool));
  if (!own.success)
    throw new Error(`metadata.cost of tool ${tool.name}: ${own.error.issues[0]?.message}`);
  const prices = currentRuntime().tools?.prices ?? [];
  const priced = prices.find((price) => isNamed(price.tool, tool.name));
  return new Bill(tool.name, { most: priced?.cost ?? own.data.cost, origin: originOf(config) });
}

/** A config by which the tool finds its bill. */
export const withBill = (config: RunnableConfig | undefined, bill: Bill): RunnableConfig => ({
  ...config,
  configurable: { ...withImplicitConfig(config).configurable, [KEY]: bill },
});

/**
 * Says in a tool what the call costs; several are added up. It is a row of the ledger and counts against
 * the budgets of the run. Outside of a tool call there is nobody to say it to, and it is an error.
 */
export function reportCost(cost: ToolCost, config?: ConfigLike): void {
  const bill = withImplicitConfig(config).configurable[KEY];
  // By shape: the tool may come with its own copy of graphkit.
  if (typeof bill !== "object" || bill === null || !("add" in bill) || !isAdding(bill.add))
    throw new AppError("validation", "reportCost is for tools: there is no call whose cost it is");
  bill.add.call(bill, ToolCost.parse(cost));
}

const isAdding = (value: unknown): value is Bill["add"] => typeof value === "function";

const nowMs = (): number => (currentRuntime().tools?.clock ?? systemClock).now();
