import { createHash } from "node:crypto";
import type { Model } from "../model.ts";
import type { CallLimit, CallLimiter, CallTicket } from "./call-limiter-port.ts";

/** What waits its turn: the tokens are asked for only where they are counted. */
export interface TicketWish {
  readonly limiter: CallLimiter;
  readonly tokens: () => number;
  readonly signal: AbortSignal | undefined;
}

const FREE: CallTicket = { used: () => undefined, [Symbol.dispose]: () => undefined };

/** Waits until a model's `rate_limit` lets one request through; at once where it has none. */
export async function takeTicket(
  model: Model,
  { limiter, tokens, signal }: TicketWish,
): Promise<CallTicket> {
  const limit = limitOf(model);
  if (limit === undefined) return FREE;
  const counted = limit.tokensPerMinute === undefined ? 0 : tokens();
  return await limiter.acquire(limit, { tokens: counted, signal });
}

/** The limit belongs to address, key and model: two files that share them share it. */
function limitOf(model: Model): CallLimit | undefined {
  const { rate_limit: limit, url = "" } = model.fields;
  if (limit === undefined) return undefined;
  const parts = JSON.stringify([url, model.apiKey() ?? "", model.modelName]);
  return {
    key: createHash("sha256").update(parts).digest("base64url"),
    callsPerMinute: limit.rpm,
    tokensPerMinute: limit.tpm,
    callsAtOnce: limit.max_concurrent,
  };
}
