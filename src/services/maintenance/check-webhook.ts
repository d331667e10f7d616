import type { Context } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { checkOutboundUrl } from "../../core/outbound.ts";

/** Is it a path of this server itself? */
export const isOwnPath = (url: string): boolean => /^\/(?!\/)/.test(url);

/** Refuses the webhook of a request that could never be delivered. */
export function checkWebhook(ctx: Context, url: string | undefined): void {
  if (url === undefined) return;
  const { isDisabled, policy } = ctx.webhookRules;
  if (isDisabled)
    throw new AppError("validation", "Webhooks are switched off (http.disable_webhooks)");
  if (isOwnPath(url) && ctx.webhookRules.allowsOwnPaths) return;
  checkOutboundUrl(url, policy);
}
