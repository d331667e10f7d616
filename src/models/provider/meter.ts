import { reasonOf } from "../../core/errors.ts";
import type { CallLimiter } from "../limits/call-limiter-port.ts";
import type { Model } from "../model.ts";
import { isAbort } from "../failures/upstream-error.ts";
import type { CallKind, ModelUsage, UsagePort } from "../usage-port.ts";
import { asWireObject, type WireObject } from "../wire.ts";
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
  const startedAtMs = ask.model.clock.now();
  const record = (end: CallEnd) => report(ask, { measure, startedAtMs, end });
  try {
    const { result, answer, units } = await call();
    const promptTokens = record({ status: "success", answer, units: units ?? measure.units });
    return { result, promptTokens };
  } catch (error) {
    const isCancelled = isAbort(error) || ask.signal?.aborted === true;
    record({ status: isCancelled ? "cancelled" : "error", answer: undefined, units: 0 });
    throw error;
  }
}

interface CallEnd {
  readonly status: ModelUsage["status"];
  readonly answer: unknown;
  readonly units: number;
}

interface Reported {
  readonly measure: Measure;
  readonly startedAtMs: number;
  readonly end: CallEnd;
}

function report({ model, usage, origin }: Ask, { measure, startedAtMs, end }: Reported): number {
  const raw = usageObject(end.answer);
  const told = tokensOf(raw);
  const isEstimate = end.status === "success" && told === undefined;
  const promptTokens = told?.prompt ?? (isEstimate ? measure.estimate() : 0);
  const completionTokens = told?.answer ?? 0;
  try {
    const done = usage.record({
      modelId: model.id,
      kind: measure.kind,
      units: end.units,
      ...origin,
      promptTokens,
      completionTokens,
      totalTokens: promptTokens + completionTokens,
      cachedTokens: 0,
      reasoningTokens: 0,
      estimated: isEstimate,
      usage: raw ?? null,
      status: end.status,
      startedAtMs,
      durationMs: Math.max(0, model.clock.now() - startedAtMs),
    });
    if (done instanceof Promise) done.catch((error: unknown) => warn(model, error));
  } catch (error) {
    warn(model, error);
  }
  return promptTokens;
}

const warn = (model: Model, error: unknown): void =>
  model.log?.warn({ reason: reasonOf(error), model: model.id }, "usage was not recorded");

/** `usage` of nearly all; `meta` of Cohere and SiliconFlow. */
function usageObject(answer: unknown): WireObject | undefined {
  const body = asWireObject(answer);
  return asWireObject(body?.["usage"]) ?? asWireObject(body?.["meta"]);
}

/** Tokens at the places where providers put them; undefined where they tell none. */
function tokensOf(usage: WireObject | undefined): { prompt: number; answer: number } | undefined {
  const tokens =
    asWireObject(usage?.["tokens"]) ?? asWireObject(usage?.["billed_units"]) ?? usage ?? {};
  const prompt = firstCount(tokens, ["prompt_tokens", "input_tokens", "total_tokens"]);
  if (prompt === undefined) return undefined;
  return { prompt, answer: firstCount(tokens, ["completion_tokens", "output_tokens"]) ?? 0 };
}

function firstCount(tokens: WireObject, names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = tokens[name];
    if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  }
  return undefined;
}
