import type { UpstreamKind } from "../../core/errors.ts";
import type { Model } from "../model.ts";

type FallbackReason = NonNullable<Model["fields"]["fallback_on"]>[number];

/** What a failure is called in `fallback_on`; one that is not here never falls back. */
const REASONS: Partial<Record<UpstreamKind, FallbackReason>> = {
  rate_limit: "rate_limit",
  quota: "rate_limit",
  timeout: "timeout",
  server: "server",
  overflow: "overflow",
  content: "content",
};

const DEFAULT_REASONS: readonly FallbackReason[] = ["rate_limit", "timeout", "server"];

/** The failures of a model that its fallbacks answer for. */
export const fallbackReasonsOf = ({ fields }: Model): readonly FallbackReason[] =>
  fields.fallback_on ?? DEFAULT_REASONS;

/** Whether a failure of a model is one that its fallbacks answer for. */
export function isFallbackReason(kind: UpstreamKind, model: Model): boolean {
  const reason = REASONS[kind];
  return reason !== undefined && fallbackReasonsOf(model).includes(reason);
}
