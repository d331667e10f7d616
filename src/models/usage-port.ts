import type { CallKind } from "../domain/usage.ts";
import type { CallOrigin } from "./provider/origin.ts";

/** What one call of a model used, and what it costs by the prices of the model file. */
export interface ModelUsage extends CallOrigin {
  /** A new one for every call, so that none is counted twice. */
  readonly callId: string;
  readonly kind: CallKind;
  readonly modelId: string;
  /** The name of the model that answered, as the provider gave it. */
  readonly answeredBy: string | undefined;
  /** Texts embedded, documents ranked, images made; 1 for others. */
  readonly units: number;
  /** All tokens of the prompt, those read from and written to a cache among them. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  /** In millionths of the currency; null where the model has no price. */
  readonly costMicros: number | null;
  readonly currency: string;
  /** The counts are our estimate, because the provider sent none. */
  readonly estimated: boolean;
  /** The provider's own usage object. */
  readonly usage: Readonly<Record<string, unknown>> | null;
  readonly status: "success" | "error" | "cancelled";
  readonly startedAtMs: number;
  readonly durationMs: number;
}

/** A call that is about to be made. */
export interface PlannedCall extends CallOrigin {
  /** As it will be recorded. */
  readonly callId: string;
  readonly modelId: string;
  /** The most that it may cost, in millionths of the currency. */
  readonly micros: number;
  readonly currency: string;
  /** What the model's own file allows, in whole units of the currency. */
  readonly budget:
    | {
        readonly per_run?: number | undefined;
        readonly per_day?: number | undefined;
        readonly per_key?: number | undefined;
      }
    | undefined;
}

/** Where every call of a model is reported, once, whether it succeeded or not. */
export interface UsagePort {
  /** Holds the money for a call until it is recorded; rejects with BudgetExceededError where a budget lacks it. */
  hold?(planned: PlannedCall): Promise<void>;
  record(usage: ModelUsage): void | Promise<void>;
}

/** What was recorded of a run. */
export interface RunUsage {
  /** Resolves when all calls of a run so far are kept; rejects when the database cannot take one now. */
  settled(runId: string): Promise<void>;
}

/** For runs without a ledger. */
export const noLedger: UsagePort = { record: () => undefined };
