import type { Context } from "../../context.ts";
import { ConflictError, NotFoundError } from "../../core/errors.ts";
import type { PageOf } from "../../domain/page.ts";
import type { DeliveryStatus, WebhookDelivery } from "../../domain/webhook.ts";
import { allowed } from "../access.ts";

export async function listDeliveries(
  ctx: Context,
  query: { status?: DeliveryStatus | undefined; limit: number; offset: number },
): Promise<PageOf<WebhookDelivery>> {
  const access = await allowed(ctx, "webhooks:search", { ...query });
  return ctx.storage.webhooks.list({ ...query, access });
}

export async function getDelivery(
  ctx: Context,
  input: { delivery_id: string },
  deed: "read" | "update" = "read",
): Promise<WebhookDelivery> {
  const access = await allowed(ctx, `webhooks:${deed}`, input);
  const delivery = await ctx.storage.webhooks.find(input.delivery_id, access);
  if (!delivery) throw new NotFoundError("Delivery", input.delivery_id);
  return delivery;
}

/** Sends a delivery again that is dead or was delivered; it keeps its id. */
export async function replayDelivery(
  ctx: Context,
  input: { delivery_id: string },
): Promise<WebhookDelivery> {
  await getDelivery(ctx, input, "update");
  const replayed = await ctx.storage.webhooks.replay(input.delivery_id, ctx.clock.now());
  if (replayed) return replayed;
  throw new ConflictError(`Delivery ${input.delivery_id} is on its way already`);
}
