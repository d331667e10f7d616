import { assumedMicros } from "../domain/budget.ts";
import { costMicros } from "../domain/price.ts";
import type { CallKind } from "../domain/usage.ts";
import type { Model } from "./model.ts";
import type { CallOrigin } from "./provider/origin.ts";
import type { TokenCounts } from "./usage.ts";
import type { ModelUsage, UsagePort } from "./usage-port.ts";

/** What is known of one call when it ends. */
export interface EndedCall {
  readonly callId: string;
  readonly kind: CallKind;
  readonly origin: CallOrigin;
  readonly counts: TokenCounts;
  readonly estimated: boolean;
  readonly usage: Readonly<Record<string, unknown>> | undefined;
  readonly status: ModelUsage["status"];
  readonly answeredBy?: string | undefined;
  readonly units?: number;
  readonly startedAtMs: number;
}

/** What a message tells of its price. */
export type Receipt = Readonly<{
  call_id: string;
  model: string;
  cost_micros: number | null;
  currency: string;
  estimated: boolean;
}>;

export const currencyOf = ({ fields, dialect }: Model): string =>
  fields.currency ?? dialect.currency;

/** Hands a call to the ledger, whose failure never makes the call itself fail. */
export function report(model: Model, ledger: UsagePort, usage: ModelUsage): void {
  void kept(model, ledger, usage);
}

/** The same, and resolves when the call is kept or has been given up. */
export async function kept(model: Model, ledger: UsagePort, usage: ModelUsage): Promise<void> {
  try {
    await ledger.record(usage);
  } catch (error) {
    model.log?.error({ err: error, call: usage }, "could not record a model call");
  }
}

/** A call as the ledger takes it, with its price. A call that got no answer is charged no request. */
export function billed(model: Model, call: EndedCall): ModelUsage {
  const { kind, origin, counts, status, units = 1 } = call;
  const isServed = status === "success" || counts.totalTokens > 0;
  const price = costMicros(model.fields, {
    ...counts,
    requests: isServed ? 1 : 0,
    images: isServed && kind === "image" ? units : 0,
  });
  return {
    callId: call.callId,
    kind,
    modelId: model.id,
    answeredBy: call.answeredBy,
    runId: origin.runId,
    threadId: origin.threadId,
    assistantId: origin.assistantId,
    owner: origin.owner,
    keyId: origin.keyId,
    units,
    ...counts,
    costMicros: price,
    currency: currencyOf(model),
    estimated: call.estimated,
    usage: call.usage ?? null,
    status,
    startedAtMs: call.startedAtMs,
    durationMs: Math.max(0, model.clock.now() - call.startedAtMs),
  };
}

/** The most that a call may cost: its whole prompt and its longest answer, each at the dearest price. */
export function mostMicros(
  model: Model,
  {
    promptTokens,
    answerTokens = 0,
    images = 0,
  }: { promptTokens: number; answerTokens?: number; images?: number },
): number {
  const cost = (isCacheWrite: boolean, isThinking: boolean): number | null =>
    costMicros(model.fields, {
      promptTokens,
      cachedTokens: 0,
      cacheWriteTokens: isCacheWrite ? promptTokens : 0,
      completionTokens: answerTokens,
      reasoningTokens: isThinking ? answerTokens : 0,
      requests: 1,
      images,
    });
  const plain = cost(false, false);
  if (plain === null) return assumedMicros(promptTokens + answerTokens, images);
  return Math.max(plain, cost(true, false) ?? 0, cost(false, true) ?? 0, cost(true, true) ?? 0);
}

export const receiptOf = (usage: ModelUsage): Receipt => ({
  call_id: usage.callId,
  model: usage.modelId,
  cost_micros: usage.costMicros,
  currency: usage.currency,
  estimated: usage.estimated,
});
