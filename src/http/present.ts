import { isoTime } from "../core/iso-time.ts";
import type { Assistant, AssistantVersion } from "../domain/assistant.ts";
import type { ApiKey } from "../domain/api-key.ts";
import { MICROS } from "../domain/price.ts";
import type { Cron } from "../domain/cron.ts";
import type { FileInfo } from "../domain/file.ts";
import type { WebhookDelivery } from "../domain/webhook.ts";
import { type Run, shownKwargs } from "../domain/run.ts";
import type { Thread } from "../domain/thread.ts";
import type { Json } from "../core/json.ts";
import { valueAt } from "../core/json-path.ts";
import type { PageOf } from "../domain/page.ts";
import type { UsageSums } from "../domain/usage.ts";
import { usageJson } from "./usage-json.ts";

export const fileJson = (file: FileInfo) => ({ ...file, created_at: isoTime(file.created_at) });

export const assistantJson = (assistant: Assistant) => ({
  ...assistant,
  created_at: isoTime(assistant.created_at),
  updated_at: isoTime(assistant.updated_at),
});

export const versionJson = (version: AssistantVersion) => ({
  ...version,
  created_at: isoTime(version.created_at),
});

export const threadJson = (thread: Thread, values: Json, usage: readonly UsageSums[] = []) => ({
  ...thread,
  created_at: isoTime(thread.created_at),
  updated_at: isoTime(thread.updated_at),
  state_updated_at: isoTime(thread.state_updated_at),
  values,
  usage: usageJson(usage),
});

export const runJson = (run: Run, usage: readonly UsageSums[] = []) => ({
  run_id: run.run_id,
  thread_id: run.thread_id,
  assistant_id: run.assistant_id,
  status: run.status,
  metadata: run.metadata,
  kwargs: shownKwargs(run.kwargs),
  multitask_strategy: run.multitask_strategy,
  error: run.error,
  created_at: isoTime(run.created_at),
  updated_at: isoTime(run.updated_at),
  usage: usageJson(usage),
});

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

export const cronJson = ({ next_run_at, created_by, ...cron }: Cron) => ({
  ...cron,
  user_id: created_by?.identity ?? null,
  end_time: isoOrNull(cron.end_time),
  next_run_date: isoOrNull(next_run_at),
  created_at: isoTime(cron.created_at),
  updated_at: isoTime(cron.updated_at),
});

export const deliveryJson = (delivery: WebhookDelivery) => {
  const { run: _run, body: _body, checkpoint_id: _at, ...shown } = delivery;
  return {
    ...shown,
    run_id: shown.run_id || null,
    thread_id: shown.thread_id || null,
    next_attempt_at: delivery.status === "pending" ? isoTime(delivery.next_attempt_at) : null,
    created_at: isoTime(delivery.created_at),
    updated_at: isoTime(delivery.updated_at),
  };
};

/** Whether a field is asked for: where nothing is named, all are. */
export const isWanted = (field: string, select: readonly string[] | undefined): boolean =>
  select?.includes(field) ?? true;

export const keyJson = ({ budget, is_admin, ...key }: ApiKey) => ({
  ...key,
  admin: is_admin,
  budget:
    budget === null
      ? null
      : `${budget.amount_micros / MICROS} ${budget.currency}${budget.per === "total" ? "" : `/${budget.per}`}`,
  expires_at: isoOrNull(key.expires_at),
  created_at: isoTime(key.created_at),
  rotated_at: isoOrNull(key.rotated_at),
  revoked_at: isoOrNull(key.revoked_at),
  last_used_at: isoOrNull(key.last_used_at),
});

/** Only the fields asked for, or all. */
export function selected<T extends object>(
  row: T,
  select: readonly string[] | undefined,
): Partial<T> {
  if (!select) return row;
  return Object.fromEntries(
    Object.entries(row).filter(([key]) => select.includes(key)),
  ) as Partial<T>;
}

/** Headers of a page: how many match in all, and where the next page starts when there is one. */
export function pageHeaders(
  result: PageOf<unknown>,
  page: { limit: number; offset: number },
): Record<string, string> {
  const next = page.offset + page.limit;
  return {
    "x-pagination-total": String(result.total),
    ...(next < result.total ? { "x-pagination-next": String(next) } : {}),
  };
}

/** Parts of a thread under names of the client's own. */
export const extracted = (
  thread: ReturnType<typeof threadJson>,
  paths: Record<string, readonly (string | number)[]>,
) => ({
  // A thread as it is shown is JSON.
  extracted: Object.fromEntries(
    Object.entries(paths).map(([alias, path]) => [alias, valueAt(thread as unknown as Json, path)]),
  ),
});
