import { newId } from "../core/ids.ts";
import { billed, currencyOf, mostMicros, receiptOf, report, type Receipt } from "./billing.ts";
import type { ModelCall } from "./call.ts";
import { estimateText } from "./estimate.ts";
import { NO_TOKENS, readUsage, type TokenCounts } from "./usage.ts";
import type { ModelUsage, PlannedCall } from "./usage-port.ts";

/** What came of a call. */
export interface Received {
  readonly usage: Record<string, unknown> | undefined;
  /** What was said, for an estimate where the provider sent no usage. */
  readonly answer: string;
  readonly answeredBy?: string | undefined;
}

export const NOTHING_RECEIVED: Received = { usage: undefined, answer: "" };

export interface ChatEnd extends Received {
  readonly status: ModelUsage["status"];
}

/** What a call used and costs, for the message that it answered. */
export interface Measured {
  readonly counts: TokenCounts;
  readonly receipt: Receipt;
}

/** Measures one call and reports it to the ledger once, however it ends. */
export class CallMeter {
  readonly #callId = newId();
  readonly #call: ModelCall;
  readonly #promptTokens: number;
  readonly #startedAtMs: number;

  /** `promptTokens` is our estimate, for a provider that tells none. */
  constructor(call: ModelCall, promptTokens: number) {
    this.#call = call;
    this.#promptTokens = promptTokens;
    this.#startedAtMs = call.model.clock.now();
  }

  /** The call as its budgets see it before it is made. */
  plan(answerTokens: number): PlannedCall {
    const { model, runId, threadId, assistantId, owner, keyId } = this.#call;
    return {
      callId: this.#callId,
      modelId: model.id,
      runId,
      threadId,
      assistantId,
      owner,
      keyId,
      micros: mostMicros(model, { promptTokens: this.#promptTokens, answerTokens }),
      currency: currencyOf(model),
      budget: model.fields.budget,
    };
  }

  /** What the call comes to if it ends so. */
  measure(end: ChatEnd): Measured {
    const { counts, usage } = this.#usageOf(end);
    return { counts, receipt: receiptOf(usage) };
  }

  /** Reports the call; the answer is what `measure` answers. */
  record(end: ChatEnd): Measured {
    const { counts, usage } = this.#usageOf(end);
    report(this.#call.model, this.#call.usage, usage);
    return { counts, receipt: receiptOf(usage) };
  }

  #usageOf({ answer, ...end }: ChatEnd): { counts: TokenCounts; usage: ModelUsage } {
    const reported = readUsage(end.usage);
    const isEstimate = reported === undefined && (end.status === "success" || answer !== "");
    const counts = reported ?? (isEstimate ? this.#estimate(answer) : NO_TOKENS);
    const usage = billed(this.#call.model, {
      ...end,
      callId: this.#callId,
      kind: "chat",
      origin: this.#call,
      counts,
      estimated: isEstimate,
      startedAtMs: this.#startedAtMs,
    });
    return { counts, usage };
  }

  #estimate(answer: string): TokenCounts {
    const { factors, model } = this.#call;
    const promptTokens = this.#promptTokens;
    const completionTokens = factors.calibrated(model, estimateText(answer));
    return {
      ...NO_TOKENS,
      promptTokens,
      completionTokens,
      totalTokens: promptTokens + completionTokens,
    };
  }
}
