import { createHmac } from "node:crypto";
import type { Context } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { postOutbound } from "../../core/outbound.ts";
import { retryDelayMs, webhookBody, type WebhookDelivery } from "../../domain/webhook.ts";
import { checkWebhook, isOwnPath } from "./check-webhook.ts";

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** The last of them comes about three hours after the first. */
const MAX_ATTEMPTS = 12;

/** Signs as the Standard Webhooks do: over id, time and body; a key with the prefix `whsec_` is base64. */
export function signature(
  secret: string,
  sent: { id: string; timestamp: number; body: string },
): string {
  const prefix = "whsec_";
  const key = secret.startsWith(prefix)
    ? Buffer.from(secret.slice(prefix.length), "base64")
    : Buffer.from(secret);
  const text = `${sent.id}.${sent.timestamp}.${sent.body}`;
  return `v1,${createHmac("sha256", key).update(text).digest("base64")}`;
}

/** The values that the run left its thread with. */
async function valuesAtEnd(ctx: Context, delivery: WebhookDelivery): Promise<Json> {
  const thread = await ctx.storage.threads.find(delivery.thread_id);
  const { checkpoint_id } = delivery;
  if (!thread || checkpoint_id === null) return null;
  try {
    const at = { thread, checkpoint: { checkpoint_id } };
    return (await ctx.states.get(at, { subgraphs: false }))["values"] ?? null;
  } catch (error) {
    // A graph that cannot be loaded any more must not keep the news of its run back.
    ctx.log.warn({ err: error, run_id: delivery.run_id }, "a webhook goes out with later values");
    return ctx.states.values(delivery.thread_id);
  }
}

async function bodyOf(ctx: Context, delivery: WebhookDelivery): Promise<JsonObject> {
  const { run } = delivery;
  if (delivery.body || !run) return delivery.body ?? {};
  const body = webhookBody(run, await valuesAtEnd(ctx, delivery));
  await ctx.storage.webhooks.keepBody(delivery.delivery_id, body);
  return body;
}

/** Posts a delivery; answers the status of the answer. */
async function post(ctx: Context, delivery: WebhookDelivery, signal: AbortSignal): Promise<number> {
  checkWebhook(ctx, delivery.url);
  const { webhook_secret } = ctx.settings;
  const now = ctx.clock.now();
  const sent = {
    id: delivery.delivery_id,
    timestamp: Math.floor(now / 1000),
    body: JSON.stringify({
      ...(await bodyOf(ctx, delivery)),
      webhook_sent_at: new Date(now).toISOString(),
    }),
  };
  const headers = {
    ...ctx.webhookRules.headers,
    "content-type": "application/json",
    "user-agent": "kagari-webhook",
    "webhook-id": sent.id,
    "webhook-timestamp": String(sent.timestamp),
    ...(webhook_secret === undefined
      ? {}
      : { "webhook-signature": signature(webhook_secret, sent) }),
  };
  if (isOwnPath(delivery.url)) {
    const request = { method: "POST", headers, body: sent.body, signal };
    const answer = await ctx.loopback.fetch(
      new Request(`http://localhost${delivery.url}`, request),
    );
    await answer.body?.cancel();
    return answer.status;
  }
  const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES, signal };
  return postOutbound(
    { url: delivery.url, body: sent.body, headers, ...limits },
    ctx.webhookRules.policy,
  );
}

interface Result {
  last_status: number | null;
  last_error: string | null;
  /** Trying again would change nothing. */
  isFinal?: true;
}

async function attempt(
  ctx: Context,
  delivery: WebhookDelivery,
  signal: AbortSignal,
): Promise<Result> {
  try {
    const last_status = await post(ctx, delivery, signal);
    const isFine = last_status >= 200 && last_status < 300;
    return { last_status, last_error: isFine ? null : `The answer was ${last_status}` };
  } catch (error) {
    const last_error = error instanceof Error ? error.message || error.name : String(error);
    const isFinal = error instanceof AppError && error.code === "validation";
    return { last_status: null, last_error, ...(isFinal ? { isFinal } : {}) };
  }
}

/** Makes one attempt, and keeps what came of it: delivered, tried again later, or dead. */
export async function deliver(
  ctx: Context,
  delivery: WebhookDelivery,
  signal: AbortSignal,
): Promise<void> {
  const { isFinal, ...result } = await attempt(ctx, delivery, signal);
  // What the shutdown cut off is tried again when its time in line is over.
  if (signal.aborted && result.last_error !== null) return;
  const { delivery_id, attempts, run_id, task_id, url } = delivery;
  const isDead = result.last_error !== null && (isFinal === true || attempts >= MAX_ATTEMPTS);
  const status = result.last_error === null ? "delivered" : isDead ? "dead" : "pending";
  const now = ctx.clock.now();
  await ctx.storage.webhooks.settle(
    { delivery_id, attempts },
    { status, next_attempt_at: now + retryDelayMs(attempts, Math.random()), ...result, now },
  );
  if (isDead)
    ctx.log.error(
      { delivery_id, run_id, task_id, url, reason: result.last_error },
      "a webhook is given up",
    );
}
