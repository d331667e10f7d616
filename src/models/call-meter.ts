import type { BaseMessage } from "@langchain/core/messages";
import type { ModelCall } from "./call.ts";
import { estimateMessage, estimateText } from "./estimate.ts";
import { NO_TOKENS, readUsage, type TokenCounts } from "./usage.ts";
import type { ModelUsage } from "./usage-port.ts";

/** Measures one call and reports it to the ledger once, however it ends. */
export class CallMeter {
  readonly #call: ModelCall;
  readonly #messages: readonly BaseMessage[];
  readonly #startedAtMs: number;

  constructor(call: ModelCall, messages: readonly BaseMessage[]) {
    this.#call = call;
    this.#messages = messages;
    this.#startedAtMs = call.model.clock.now();
  }

  /** `answer` is what was received, for an estimate where the provider sent no usage. */
  record(end: {
    status: ModelUsage["status"];
    usage: Record<string, unknown> | undefined;
    answer: string;
  }): void {
    const { model, usage: ledger, runId, threadId, assistantId } = this.#call;
    const reported = readUsage(end.usage);
    const isEstimate = reported === undefined && (end.status === "success" || end.answer !== "");
    const counts = reported ?? (isEstimate ? this.#estimate(end.answer) : NO_TOKENS);
    try {
      const done = ledger.record({
        modelId: model.id,
        kind: "chat",
        units: 1,
        runId,
        threadId,
        assistantId,
        ...counts,
        estimated: isEstimate,
        usage: end.usage ?? null,
        status: end.status,
        startedAtMs: this.#startedAtMs,
        durationMs: Math.max(0, model.clock.now() - this.#startedAtMs),
      });
      if (done instanceof Promise) done.catch((error: unknown) => this.#warn(error));
    } catch (error) {
      this.#warn(error);
    }
  }

  #warn(error: unknown): void {
    this.#call.model.log?.warn(
      { err: error, model: this.#call.model.id },
      "usage was not recorded",
    );
  }

  #estimate(answer: string): TokenCounts {
    const promptTokens = this.#messages.reduce((sum, message) => sum + estimateMessage(message), 0);
    const completionTokens = estimateText(answer);
    return {
      ...NO_TOKENS,
      promptTokens,
      completionTokens,
      totalTokens: promptTokens + completionTokens,
    };
  }
}
