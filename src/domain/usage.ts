import type { JsonObject } from "../core/json.ts";

/** One call of a model, finished or not. Token counts as the provider reported them. */
export interface ModelCall {
  call_id: string;
  model_id: string;
  run_id: string | null;
  thread_id: string | null;
  assistant_id: string | null;
  prompt_tokens: number;
  completion_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
  /** True when the provider reported no usage and the counts are our estimate. */
  estimated: boolean;
  usage: JsonObject | null;
  status: "success" | "error" | "cancelled";
  started_at: number;
  duration_ms: number;
}
