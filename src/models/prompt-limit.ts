import type { Model } from "./model.ts";

const MARGIN = 0.98;

/** Tokens that a prompt may have: the input limit less the answer's, when they share one window. */
export function promptLimit({ fields }: Model): number | undefined {
  const { input_tokens: input, out_tokens: out = 0, context_window: window } = fields;
  if (input === undefined && window === undefined) return undefined;
  // An answer limit at or above the input limit can only mean two separate windows.
  const shared = input === undefined || out >= input ? input : input - out;
  const limit = window === undefined ? shared : Math.min(input ?? window, window - out);
  return limit === undefined ? undefined : Math.max(1, Math.floor(limit * MARGIN));
}
