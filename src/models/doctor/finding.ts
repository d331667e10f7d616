import type { CallPolicy } from "../call-policy.ts";

/** What a probe found: obeyed, not obeyed, not to be told, or not asked. */
export type Verdict = "yes" | "no" | "unsure" | "skipped";

/** The fields of `capabilities` in a model file that a probe can settle. */
export const PROBED_CAPABILITIES = [
  "tools",
  "parallel_tools",
  "json_schema",
  "json_object",
  "streaming",
  "stream_usage",
] as const;

export type ProbedCapability = (typeof PROBED_CAPABILITIES)[number];

/** One line of the doctor's table. */
export interface Finding {
  readonly probe: string;
  readonly verdict: Verdict;
  /** In a few words what was seen, without a secret. */
  readonly detail: string;
  /** Whether the model cannot be used as its file says. */
  readonly isFault: boolean;
  readonly capability?: ProbedCapability;
}

/** A request as it was sent, its secrets masked. */
export interface ShownRequest {
  readonly probe: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What the doctor has to say of one model. */
export interface Diagnosis {
  readonly model: string;
  readonly isHealthy: boolean;
  /** How graphs' calls of it are made. */
  readonly calls: CallPolicy;
  readonly findings: readonly Finding[];
  readonly requests: readonly ShownRequest[];
}
