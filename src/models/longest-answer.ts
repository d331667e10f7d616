import type { Body } from "./dialects/index.ts";
import type { Model } from "./model.ts";

/** What a model may answer where nothing limits it. */
const USUAL_ANSWER_TOKENS = 4096;

/** Tokens that the answers of a request have at most, thinking included. */
export function longestAnswer({ fields }: Model, body: Body): number {
  const number = (name: string): number | undefined =>
    typeof body[name] === "number" ? body[name] : undefined;
  const limit =
    number("max_completion_tokens") ??
    number("max_tokens") ??
    fields.out_tokens ??
    USUAL_ANSWER_TOKENS;
  return (limit + (number("thinking_budget") ?? 0)) * Math.max(1, number("n") ?? 1);
}
