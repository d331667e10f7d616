import type { Context } from "../../context.ts";
import { ConflictError, NotFoundError } from "../../core/errors.ts";
import type { PageOf } from "../../domain/page.ts";
import type { DeliveryStatus, WebhookDelivery } from "../../domain/webhook.ts";

export function listDeliveries(
  ctx: Context,
  query: { status?: DeliveryStatus | undefined; limit: number; offset: number },
): Promise<PageOf<WebhookDelivery>> {
  return ctx.storage.webhooks.list(query);
}

export async function getDelivery(
  ctx: Context,
  input: { delivery_id: string },
): Promise<WebhookDelivery> {
  const delivery = await ctx.storage.webhooks.find(input.delivery_id);
  if (!delivery) throw new NotFoundError("Delivery", input.delivery_id);
  return delivery;
}

/** Sends a delivery again that is dead or was delivered; it keeps its id. */
export async function replayDelivery(
  ctx: Context,
  input: { delivery_id: string },
): Promise<WebhookDelivery> {
  const replayed = await ctx.storage.webhooks.replay(input.delivery_id, ctx.clock.now());
  if (replayed) return replayed;
  await getDelivery(ctx, input);
  throw new ConflictError(`Delivery ${input.delivery_id} is on its way already`);
}
