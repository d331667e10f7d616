import { newId } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { Log } from "../core/log.ts";
import type { UsagePort } from "../models/usage-port.ts";
import type { UsageRows } from "../storage/ports.ts";

/** Keeps every call of a model; a call that cannot be kept is logged, never failed. */
export function createLedger(rows: UsageRows, log: Log): UsagePort {
  return {
    record: async (call) => {
      try {
        await rows.record({
          call_id: newId(),
          model_id: call.modelId,
          run_id: call.runId ?? null,
          thread_id: call.threadId ?? null,
          assistant_id: call.assistantId ?? null,
          prompt_tokens: call.promptTokens,
          completion_tokens: call.completionTokens,
          cached_tokens: call.cachedTokens,
          reasoning_tokens: call.reasoningTokens,
          estimated: call.estimated,
          // The provider's answer was JSON before it was this object.
          usage: call.usage as JsonObject | null,
          status: call.status,
          started_at: call.startedAtMs,
          duration_ms: call.durationMs,
        });
      } catch (error) {
        log.error(
          { err: error, run_id: call.runId, model: call.modelId },
          "could not record a model call",
        );
      }
    },
  };
}
