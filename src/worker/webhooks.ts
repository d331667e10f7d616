import type { Context } from "../context.ts";
import { deliver } from "../services/maintenance/deliver.ts";
import { workOnDue } from "./flights.ts";

const CONCURRENCY = 16;
/** Longer than an attempt can take: then another process may try. */
const LEASE_MS = 60_000;

/** Delivers all webhooks that are due. */
export async function deliverDue(ctx: Context, signal: AbortSignal): Promise<void> {
  const { storage, clock, log } = ctx;
  await workOnDue(
    {
      take: (limit) => storage.webhooks.take({ now: clock.now(), leaseMs: LEASE_MS, limit }),
      work: (delivery) => deliver(ctx, delivery, signal),
      onError: (error, { delivery_id }) =>
        log.error({ err: error, delivery_id }, "a webhook was left"),
      width: CONCURRENCY,
    },
    signal,
  );
}
