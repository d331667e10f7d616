import { sql } from "kysely";
import { newId } from "../../core/ids.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { WebhookDeliveryRow } from "../schema.ts";
import { toRun } from "./run-rows.ts";

type About = Pick<
  WebhookDeliveryRow,
  "run_id" | "thread_id" | "checkpoint_id" | "task_id" | "url" | "run" | "body"
>;

/** News that are to be delivered from now on. */
export const newDelivery = (about: About, now: number): WebhookDeliveryRow => ({
  delivery_id: newId(),
  ...about,
  status: "pending",
  attempts: 0,
  next_attempt_at: now,
  last_status: null,
  last_error: null,
  created_at: now,
  updated_at: now,
});

/** Puts the news of a run's end in line for its webhook, in the commit that ends the run. */
export function webhookQueuer({ db }: Dialect): (runId: string, now: number) => Commit<void> {
  const select = hot((p: { run_id: string }) =>
    db.selectFrom("run").selectAll().where("run_id", "=", p.run_id),
  );
  const newest = hot((p: { thread_id: string }) =>
    db
      .selectFrom("checkpoint")
      .select("checkpoint_id")
      .where("thread_id", "=", p.thread_id)
      .where("checkpoint_ns", "=", sql.lit(""))
      .orderBy("checkpoint_id", "desc")
      .limit(sql.lit(1)),
  );
  const insert = hot((p: WebhookDeliveryRow) => db.insertInto("webhook_delivery").values(p));
  return function* (run_id, now) {
    const [row] = yield* select({ run_id });
    if (row === undefined || row.webhook === null) return;
    const { thread_id, webhook: url } = row;
    const [at] = yield* newest({ thread_id });
    const checkpoint_id = at?.checkpoint_id ?? null;
    const run = JSON.stringify(toRun(row));
    const about = { run_id, thread_id, checkpoint_id, task_id: null, url, run, body: null };
    yield* insert(newDelivery(about, now));
  };
}
