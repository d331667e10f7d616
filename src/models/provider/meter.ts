import { newId } from "../../core/ids.ts";
import type { CallKind } from "../../domain/usage.ts";
import { billed, currencyOf, mostMicros, report } from "../billing.ts";
import { holdMoney } from "../budget/hold.ts";
import type { CallLimiter } from "../limits/call-limiter-port.ts";
import type { Model } from "../model.ts";
import { UpstreamError } from "../../core/errors.ts";
import { estimateText } from "../estimate.ts";
import { isAbort } from "../failures/upstream-error.ts";
import { NO_TOKENS, readUsage } from "../usage.ts";
import type { ModelUsage, PlannedCall, UsagePort } from "../usage-port.ts";
import { asWireObject, said, type WireObject } from "../wire.ts";
import type { CallOrigin } from "./origin.ts";

/** Which model is asked, for whom, and where it is written down. */
export interface Ask {
  readonly model: Model;
  readonly usage: UsagePort;
  readonly limiter: CallLimiter;
  readonly origin: CallOrigin;
  readonly signal?: AbortSignal | undefined;
}

/** What is counted of one call. */
export interface Measure {
  readonly kind: CallKind;
  readonly units: number;
  /** Tokens of what is sent, should the provider not tell. */
  readonly estimate: () => number;
  /** Tokens of the longest answer; none for what does not answer in words. */
  readonly answerTokens?: number;
}

/** What a call came to: its result, and the answer that tells its usage. */
export interface Metered<Result> {
  readonly result: Result;
  readonly answer: unknown;
  /** What the provider did in the end, where that is not what was asked. */
  readonly units?: number;
}

/** Makes one call and reports it to the ledger once, however it ends; answers result and prompt tokens. */
export async function metered<Result>(
  ask: Ask,
  measure: Measure,
  call: () => Promise<Metered<Result>>,
): Promise<{ result: Result; promptTokens: number }> {
  const callId = newId();
  await holdMoney(ask, planned(ask, { measure, callId }));
  const startedAtMs = ask.model.clock.now();
  const record = (end: CallEnd): number => {
    const bill = billOf(ask, { callId, measure, startedAtMs, end });
    report(ask.model, ask.usage, bill);
    return bill.promptTokens;
  };
  try {
    const { result, answer, units } = await call();
    const promptTokens = record({ status: "success", answer, units: units ?? measure.units });
    return { result, promptTokens };
  } catch (error) {
    const isCancelled =
      isAbort(error) || (ask.signal?.aborted === true && !(error instanceof UpstreamError));
    record({ status: isCancelled ? "cancelled" : "error", answer: undefined, units: 0 });
    throw error;
  }
}

/** The call as its budgets see it before it is made. */
export function planned(
  { model, origin }: Ask,
  { measure, callId }: { measure: Measure; callId: string },
): PlannedCall {
  const { answerTokens = 0 } = measure;
  const images = measure.kind === "image" ? measure.units : 0;
  return {
    callId,
    modelId: model.id,
    ...origin,
    micros: mostMicros(model, { promptTokens: measure.estimate(), answerTokens, images }),
    currency: currencyOf(model),
    budget: model.fields.budget,
  };
}

/** How a call ended. */
export interface CallEnd {
  readonly status: ModelUsage["status"];
  readonly answer: unknown;
  readonly units: number;
  /** What was said, for an estimate. */
  readonly spoken?: string;
  /** Nobody knows what came of it: it is counted as if it had been done. */
  readonly isUnknown?: true;
}

interface Ended {
  /** The same for the same call, which is counted once. */
  readonly callId: string;
  readonly measure: Measure;
  readonly startedAtMs: number;
  readonly end: CallEnd;
}

/** What a call that has ended comes to. */
export function billOf({ model, origin }: Ask, call: Ended): ModelUsage {
  const { callId, measure, startedAtMs, end } = call;
  const raw = usageObject(end.answer);
  const told = readUsage(
    asWireObject(raw?.["tokens"]) ?? asWireObject(raw?.["billed_units"]) ?? raw,
  );
  const isEstimate = told === undefined && (end.status === "success" || end.isUnknown === true);
  const promptTokens = isEstimate ? measure.estimate() : 0;
  const completionTokens = isEstimate ? estimateText(end.spoken ?? "") : 0;
  const totalTokens = promptTokens + completionTokens;
  const counts = told ?? { ...NO_TOKENS, promptTokens, completionTokens, totalTokens };
  return billed(model, {
    callId,
    kind: measure.kind,
    origin,
    counts,
    estimated: isEstimate,
    usage: raw,
    status: end.status,
    answeredBy: said(asWireObject(end.answer)?.["model"]),
    units: end.units,
    startedAtMs,
  });
}

/** `usage` of nearly all; `meta` of Cohere and SiliconFlow. */
function usageObject(answer: unknown): WireObject | undefined {
  const body = asWireObject(answer);
  return asWireObject(body?.["usage"]) ?? asWireObject(body?.["meta"]);
}
