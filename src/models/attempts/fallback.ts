import { AppError, UpstreamError, type UpstreamKind } from "../../core/errors.ts";
import type { ModelCall } from "../call.ts";
import type { Model } from "../model.ts";
import { promptLimit } from "../prompt-limit.ts";
import { isFallbackReason } from "./fallback-reasons.ts";

interface Tried {
  readonly model: string;
  readonly reason: string;
}

/**
 * Asks a model and, where it fails as its `fallback_on` says, its fallbacks one after another; one
 * that cannot do what the call wants is passed over. `ask` must reject before anything was heard.
 */
export async function withFallbacks<Result>(
  call: ModelCall,
  { hasTools }: { hasTools: boolean },
  ask: (call: ModelCall) => Promise<Result>,
): Promise<Result> {
  const { model, fallbacks } = call;
  let failed: UpstreamError;
  try {
    return await ask(call);
  } catch (error) {
    if (fallbacks.length === 0 || !fallsBack(error, model)) throw error;
    failed = error;
  }
  const tried: Tried[] = [];
  for (const next of fallbacks) {
    const reason = unfitness(next, { hasTools, kind: failed.kind, model });
    if (reason !== undefined) {
      tried.push({ model: next.id, reason });
      continue;
    }
    model.log?.warn({ model: model.id, kind: failed.kind, fallback: next.id }, "model falls back");
    try {
      return await ask({ ...call, model: next });
    } catch (error) {
      if (!isPassedOver(error) && !fallsBack(error, model)) throw error;
      tried.push({ model: next.id, reason: error instanceof Error ? error.message : "" });
    }
  }
  throw allFailed(failed, tried);
}

/** Whether a failure of a model is for its fallbacks to answer. */
export function fallsBack(error: unknown, model: Model): error is UpstreamError {
  return error instanceof UpstreamError && isFallbackReason(error.kind, model);
}

/** A fallback that takes no part of the conversation, or cannot be called now, is no reason to end. */
export const isPassedOver = (error: unknown): boolean =>
  error instanceof AppError && ["validation", "unavailable"].includes(error.code);

interface Need {
  readonly hasTools: boolean;
  /** What the model failed with. */
  readonly kind: UpstreamKind | undefined;
  readonly model: Model;
}

/** Why a fallback is not worth asking; undefined where it is. */
export function unfitness(next: Model, { hasTools, kind, model }: Need): string | undefined {
  const reason = next.unavailableReason();
  if (reason !== undefined) return reason;
  if (hasTools && next.fields.capabilities?.tools === false) return "takes no tools";
  if (kind !== "overflow") return undefined;
  const [room, needed] = [promptLimit(next), promptLimit(model)];
  const isNoLarger = room !== undefined && needed !== undefined && room <= needed;
  return isNoLarger ? "takes no longer prompts" : undefined;
}

/** The words for a failure that no fallback made good. */
export function noneAnswered(failure: string, tried: readonly Tried[]): string {
  const list = tried.map(({ model, reason }) => `${model}: ${reason}`).join("; ");
  return `${failure} (and no fallback answered: ${list})`;
}

/** The first model's failure, which also says what became of its fallbacks. */
function allFailed(failed: UpstreamError, tried: readonly Tried[]): UpstreamError {
  return new UpstreamError(noneAnswered(failed.message, tried), {
    kind: failed.kind,
    retryable: failed.retryable,
    retryAfterMs: failed.retryAfterMs,
    details: { ...failed.details, fallbacks: tried },
    cause: failed.cause,
  });
}
