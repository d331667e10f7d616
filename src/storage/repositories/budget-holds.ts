import { sql, type SqlBool } from "kysely";
import { AppError } from "../../core/errors.ts";
import {
  chargedMicros,
  converted,
  type BudgetClaim,
  type BudgetShortage,
  type BudgetSpend,
} from "../../domain/budget.ts";
import type { ModelCall } from "../../domain/usage.ts";
import { all, hot, run, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { BudgetHoldTable } from "../usage-schema.ts";

export interface HeldCall {
  call_id: string;
  holder: string;
  micros: number;
  expires_at: number;
}

type SpendKey = Pick<BudgetClaim, "budget_id" | "subject" | "period">;

const keyOf = ({ budget_id, subject, period }: SpendKey): SpendKey => ({
  budget_id,
  subject,
  period,
});

/** All processes lock sums in this order. */
const inOrder = <Key extends SpendKey>(keys: readonly Key[]): Key[] =>
  keys.toSorted((a, b) =>
    JSON.stringify(Object.values(keyOf(a))) < JSON.stringify(Object.values(keyOf(b))) ? -1 : 1,
  );

class Shortage extends AppError {
  readonly shortage: BudgetShortage;
  constructor(shortage: BudgetShortage) {
    super("insufficient_quota", "A budget has not enough left");
    this.shortage = shortage;
  }
}

/** What a commit was rolled back for, when it was for want of money. */
export const shortageIn = (error: unknown): BudgetShortage | undefined =>
  error instanceof Shortage ? error.shortage : undefined;

const sumChanger = ({ db }: Dialect) =>
  hot((p: SpendKey & { held: number; spent: number }) =>
    db
      .updateTable("budget_spend")
      .set({
        held_micros: sql`held_micros + ${p.held}`,
        spent_micros: sql`spent_micros + ${p.spent}`,
      })
      .where("budget_id", "=", p.budget_id)
      .where("subject", "=", p.subject)
      .where("period", "=", p.period),
  );

/** Holds money of every claim; ends the commit where one has not enough left. */
export function holder(
  dialect: Dialect,
): (call: HeldCall, claims: readonly BudgetClaim[]) => Commit<void> {
  const { db } = dialect;
  const begin = hot((p: SpendKey) =>
    db
      .insertInto("budget_spend")
      .values({ ...p, spent_micros: sql`0`, held_micros: sql`0` })
      .onConflict((conflict) => conflict.columns(["budget_id", "subject", "period"]).doNothing()),
  );
  const take = hot((p: SpendKey & { micros: number; limit: number }) =>
    db
      .updateTable("budget_spend")
      .set({ held_micros: sql`held_micros + ${p.micros}` })
      .where("budget_id", "=", p.budget_id)
      .where("subject", "=", p.subject)
      .where("period", "=", p.period)
      .where(sql<boolean>`spent_micros + held_micros + ${p.micros} <= ${p.limit}`)
      .returning("budget_id"),
  );
  const note = hot((p: BudgetHoldTable) => db.insertInto("budget_hold").values(p));
  const spendOf = spendReader(dialect);
  return function* (call, claims) {
    for (const claim of inOrder(claims)) {
      const { limit_micros: limit, rate_millionths } = claim;
      const micros = converted(call.micros, rate_millionths);
      const key = keyOf(claim);
      let [taken] = yield* take({ ...key, micros, limit });
      if (taken === undefined) {
        // There may be no sum yet.
        yield* begin(key);
        [taken] = yield* take({ ...key, micros, limit });
      }
      if (taken === undefined)
        throw new Shortage({ ...claim, ...(yield* spendOf(key)), needed_micros: micros });
      const { call_id, holder: by, expires_at } = call;
      yield* note({ call_id, ...key, rate_millionths, micros, holder: by, expires_at });
    }
  };
}

export function spendReader({ db }: Dialect): (key: SpendKey) => Commit<BudgetSpend> {
  const read = hot((key: SpendKey) =>
    db
      .selectFrom("budget_spend")
      .select(["spent_micros", "held_micros"])
      .where("budget_id", "=", key.budget_id)
      .where("subject", "=", key.subject)
      .where("period", "=", key.period),
  );
  return function* (key) {
    const [found] = yield* read(key);
    return found ?? { spent_micros: 0, held_micros: 0 };
  };
}

/** Deletes what was spent by runs that ended before a time, or are gone. */
export function* sweepRunsCommit(
  db: Dialect["db"],
  endedBefore: number,
  limit: number,
): Commit<number> {
  const gone = yield* all(
    db
      .selectFrom("budget_spend")
      .select(["budget_id", "subject", "period"])
      // A literal, as the partial index has it.
      .where(sql<SqlBool>`period like 'run %'`)
      .where("held_micros", "=", 0)
      .where(
        sql<SqlBool>`not exists (select 1 from run where run.run_id = substr(period, 5)
          and (status in ('pending', 'running') or updated_at >= ${endedBefore}))`,
      )
      .limit(limit),
  );
  for (const { budget_id, subject, period } of gone)
    yield* run(
      db
        .deleteFrom("budget_spend")
        .where("budget_id", "=", budget_id)
        .where("subject", "=", subject)
        .where("period", "=", period)
        .where("held_micros", "=", 0),
    );
  return gone.length;
}

/** Turns what is held for calls into what they cost; in the commit that records them. */
export function settler(dialect: Dialect): (calls: readonly ModelCall[]) => Commit<void> {
  const { db } = dialect;
  const change = sumChanger(dialect);
  const take = hot((p: { call_id: string }) =>
    db.deleteFrom("budget_hold").where("call_id", "=", p.call_id).returningAll(),
  );
  return function* (calls) {
    const changes: (SpendKey & { held: number; spent: number })[] = [];
    for (const call of calls)
      for (const hold of yield* take({ call_id: call.call_id }))
        changes.push({
          ...keyOf(hold),
          held: -hold.micros,
          spent: converted(chargedMicros(call), hold.rate_millionths),
        });
    for (const one of inOrder(changes)) yield* change(one);
  };
}

/** Gives free what dead processes hold. Their calls may still be told of, so the holds stay as nothing. */
export function releaser(dialect: Dialect): (now: number) => Commit<number> {
  const { db, lockRows } = dialect;
  const change = sumChanger(dialect);
  return function* (now) {
    const dead = yield* all(
      db
        .selectFrom("budget_hold")
        .selectAll()
        .where("expires_at", "<=", now)
        .where("micros", ">", 0)
        .orderBy("call_id")
        .modifyEnd(lockRows),
    );
    for (const { call_id, budget_id } of dead)
      yield* run(
        db
          .updateTable("budget_hold")
          .set({ micros: 0 })
          .where("call_id", "=", call_id)
          .where("budget_id", "=", budget_id),
      );
    for (const hold of inOrder(dead))
      yield* change({ ...keyOf(hold), held: -hold.micros, spent: 0 });
    return dead.length;
  };
}
