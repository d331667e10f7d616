import { setTimeout as pause } from "node:timers/promises";
import type { Context } from "../context.ts";
import type { WebhookDelivery } from "../domain/webhook.ts";
import { deliver } from "../services/maintenance/deliver.ts";

const CONCURRENCY = 16;
/** Longer than an attempt can take: then another process may try. */
const LEASE_MS = 60_000;
const LOOK_MS = 1000;

/** Delivers all webhooks that are due, several at a time, so that a slow one holds up no other. */
export async function deliverDue(ctx: Context, signal: AbortSignal): Promise<void> {
  const flying = new Set<Promise<void>>();
  const begin = (delivery: WebhookDelivery) => {
    const flight = deliver(ctx, delivery, signal)
      .catch((error: unknown) => {
        ctx.log.error({ err: error, delivery_id: delivery.delivery_id }, "a webhook was left");
      })
      .finally(() => flying.delete(flight));
    flying.add(flight);
  };
  while (!signal.aborted) {
    const due = await ctx.storage.webhooks.take({
      now: ctx.clock.now(),
      leaseMs: LEASE_MS,
      limit: CONCURRENCY - flying.size,
    });
    for (const delivery of due) begin(delivery);
    if (flying.size === 0) return;
    if (due.length === 0 || flying.size === CONCURRENCY) await landing(flying, signal);
  }
  await Promise.all(flying);
}

/** Resolves when one has landed, or it is time to look for new ones. */
async function landing(flying: Set<Promise<void>>, signal: AbortSignal): Promise<void> {
  const looking = new AbortController();
  const stop = AbortSignal.any([signal, looking.signal]);
  const timer = pause(LOOK_MS, undefined, { signal: stop, ref: false }).catch(() => undefined);
  await Promise.race([...flying, timer]);
  looking.abort();
}
