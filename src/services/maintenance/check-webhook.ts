import type { Context } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { checkOutboundUrl } from "../../core/outbound.ts";

/** Refuses the webhook of a request that could never be delivered. */
export function checkWebhook(ctx: Context, url: string | undefined): void {
  if (url === undefined) return;
  const { isDisabled, policy } = ctx.webhookRules;
  if (isDisabled)
    throw new AppError("validation", "Webhooks are switched off (http.disable_webhooks)");
  checkOutboundUrl(url, policy);
}
