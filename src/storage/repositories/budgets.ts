import {
  EACH,
  subjectOf,
  BUDGET_SCOPES,
  type Budget,
  type BudgetClaim,
  type BudgetShortage,
  type BudgetSpend,
  type Payer,
} from "../../domain/budget.ts";
import type { KeyLimits } from "../../domain/api-key.ts";
import type { Budgets } from "../budget-port.ts";
import { all, first, hot, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { fromJson } from "../json-column.ts";
import type { BudgetRow } from "../usage-schema.ts";
import {
  holder,
  releaser,
  shortageIn,
  spendReader,
  sweepRunsCommit,
  type HeldCall,
} from "./budget-holds.ts";

/** Keys of which it is kept in mind what they were given. */
const MAX_KNOWN = 1000;

type Applying = Omit<Budget, "created_at" | "updated_at">;

/** A budget set for a key later is another amount of the one it was given, with what is spent of it. */
const isSame = (given: Applying, { scope, subject, per, currency }: Applying): boolean =>
  scope === "key" && subject === given.subject && per === given.per && currency === given.currency;

export class KyselyBudgets implements Budgets {
  readonly #commits: Commits;
  readonly #db: Dialect["db"];
  readonly #hold: (call: HeldCall, claims: readonly BudgetClaim[]) => Commit<void>;
  readonly #release: (now: number) => Commit<number>;
  readonly #ofScope: (p: { scope: string; subject: string }) => Commit<BudgetRow[]>;
  readonly #isAny: (p: object) => Commit<{ budget_id: string }[]>;
  readonly #spendOf: ReturnType<typeof spendReader>;
  /** Others may change budgets and keys too: nothing that was read stays true. */
  readonly #isConcurrent: boolean;
  /** What keys were given when they were made. */
  readonly #known = new Map<string, KeyLimits["budget"]>();
  #hasAny: boolean | undefined;
  readonly #keyLimits: (p: { key_id: string }) => Commit<{ limits: string }[]>;

  constructor(commits: Commits, dialect: Dialect) {
    const { db } = dialect;
    this.#commits = commits;
    this.#db = db;
    this.#hold = holder(dialect);
    this.#release = releaser(dialect);
    this.#spendOf = spendReader(dialect);
    this.#isConcurrent = dialect.isConcurrent;
    this.#isAny = hot(() => db.selectFrom("budget").select("budget_id").limit(1));
    this.#ofScope = hot((p) =>
      db
        .selectFrom("budget")
        .selectAll()
        .where("scope", "=", p.scope as Budget["scope"])
        .where((where) =>
          where.or([where("subject", "=", p.subject), where("subject", "=", EACH)]),
        ),
    );
    this.#keyLimits = hot((p) =>
      db.selectFrom("api_key").select("limits").where("key_id", "=", p.key_id),
    );
  }

  list(): Promise<Budget[]> {
    const query = this.#db.selectFrom("budget").selectAll().orderBy("budget_id");
    return this.#commits.read(() => all(query));
  }

  find(budgetId: string): Promise<Budget | undefined> {
    const query = this.#db.selectFrom("budget").selectAll().where("budget_id", "=", budgetId);
    return this.#commits.read(() => first(query));
  }

  put(budget: Budget): Promise<Budget> {
    return this.#changing(() => this.#putCommit(budget));
  }

  delete(budgetId: string): Promise<boolean> {
    return this.#changing(() => this.#deleteCommit(budgetId));
  }

  applying(payer: Payer): Promise<Applying[]> {
    return this.#commits.read(() => this.#applyingCommit(payer));
  }

  spendOf(claim: Pick<BudgetClaim, "budget_id" | "subject" | "period">): Promise<BudgetSpend> {
    return this.#commits.read(() => this.#spendOf(claim));
  }

  spends(budgetId: string): Promise<(BudgetSpend & { subject: string; period: string })[]> {
    const query = this.#db
      .selectFrom("budget_spend")
      .select(["subject", "period", "spent_micros", "held_micros"])
      .where("budget_id", "=", budgetId)
      .orderBy("period", "desc")
      .orderBy("subject")
      .limit(1000);
    return this.#commits.read(() => all(query));
  }

  async hold(call: HeldCall, claims: readonly BudgetClaim[]): Promise<BudgetShortage | undefined> {
    try {
      await this.#commits.write(() => this.#hold(call, claims), { isPassing: true });
      return undefined;
    } catch (error) {
      const shortage = shortageIn(error);
      if (shortage === undefined) throw error;
      return shortage;
    }
  }

  renew(by: string, expiresAt: number): Promise<void> {
    const query = this.#db
      .updateTable("budget_hold")
      .set({ expires_at: expiresAt })
      .where("holder", "=", by);
    return this.#commits.write(() => run(query));
  }

  release(now: number): Promise<number> {
    return this.#commits.write(() => this.#release(now));
  }

  sweepRuns(endedBefore: number, limit: number): Promise<number> {
    return this.#commits.write(() => sweepRunsCommit(this.#db, endedBefore, limit));
  }

  /** What was read of budgets and keys may be true no more. */
  forget(): void {
    this.#known.clear();
    this.#hasAny = undefined;
  }

  /** A commit after which other budgets may apply. */
  async #changing<T>(work: () => Commit<T>): Promise<T> {
    try {
      return await this.#commits.write(work);
    } finally {
      this.forget();
    }
  }

  *#putCommit(budget: Budget): Commit<Budget> {
    const { currency, limit_micros, updated_at } = budget;
    const stored = yield* first(
      this.#db
        .insertInto("budget")
        .values(budget)
        .onConflict((conflict) =>
          conflict
            .columns(["scope", "subject", "per", "currency"])
            .doUpdateSet({ currency, limit_micros, updated_at }),
        )
        .returningAll(),
    );
    return stored ?? budget;
  }

  *#deleteCommit(budgetId: string): Commit<boolean> {
    yield* run(this.#db.deleteFrom("budget_spend").where("budget_id", "=", budgetId));
    yield* run(this.#db.deleteFrom("budget_hold").where("budget_id", "=", budgetId));
    const gone = yield* all(
      this.#db.deleteFrom("budget").where("budget_id", "=", budgetId).returning("budget_id"),
    );
    return gone.length > 0;
  }

  *#applyingCommit(payer: Payer): Commit<Applying[]> {
    const ofKey = yield* this.#ofKeyCommit(payer.key_id);
    const hasAny = this.#hasAny ?? (yield* this.#isAny({})).length > 0;
    if (!this.#isConcurrent) this.#hasAny = hasAny;
    if (!hasAny) return ofKey;
    const found: Applying[] = [];
    for (const scope of BUDGET_SCOPES) {
      const subject = subjectOf(scope, payer);
      if (subject !== undefined)
        for (const budget of yield* this.#ofScope({ scope, subject })) {
          const own = ofKey.find((given) => isSame(given, budget));
          if (own) own.limit_micros = budget.limit_micros;
          else found.push({ ...budget, subject });
        }
    }
    return [...ofKey, ...found];
  }

  /** The budget that was given to a key when it was made. */
  *#ofKeyCommit(key_id: string): Commit<Applying[]> {
    if (key_id === "") return [];
    const known = this.#known.get(key_id);
    const budget = known === undefined ? yield* this.#readKeyCommit(key_id) : known;
    if (budget === null) return [];
    const { amount_micros: limit_micros, currency, per } = budget;
    const own = { budget_id: `key ${key_id}`, scope: "key" as const, subject: key_id };
    return [{ ...own, per, currency, limit_micros }];
  }

  *#readKeyCommit(key_id: string): Commit<KeyLimits["budget"]> {
    const [row] = yield* this.#keyLimits({ key_id });
    const budget = row ? (fromJson<KeyLimits>(row.limits).budget ?? null) : null;
    if (this.#isConcurrent) return budget;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key_id, budget);
    return budget;
  }
}
