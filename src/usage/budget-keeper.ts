import type { Clock } from "../core/clock.ts";
import { AppError, BudgetExceededError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import {
  periodOf,
  secondsLeft,
  subjectOf,
  type Budget,
  type BudgetClaim,
  type BudgetShortage,
  type Payer,
} from "../domain/budget.ts";
import { MICROS } from "../domain/price.ts";
import type { PlannedCall } from "../models/usage-port.ts";
import type { Budgets } from "../storage/budget-port.ts";

/** How long what a dead process holds is held. */
const HOLD_MS = 60_000;
const RENEW_MS = 15_000;

type Applying = Omit<Budget, "created_at" | "updated_at">;

interface Parts {
  budgets: Budgets;
  clock: Clock;
  log: Log;
  /** The worth of one unit of each currency, in any common unit. */
  rates: ReadonlyMap<string, number>;
}

/** Sees to it that no call is begun that its budgets could not pay. */
export class BudgetKeeper {
  readonly #parts: Parts;
  /** Names this process in what it holds. */
  readonly #holder = newId();
  readonly #held = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#renew(), RENEW_MS);
    this.#timer.unref();
  }

  /** Holds the most that a call may cost; rejects with BudgetExceededError where a budget has not that left. */
  async hold(call: PlannedCall): Promise<void> {
    const { budgets, clock } = this.#parts;
    const now = clock.now();
    const claims = await this.#claims(call, now);
    if (claims.length === 0) return;
    const held = {
      call_id: call.callId,
      holder: this.#holder,
      micros: call.micros,
      expires_at: now + HOLD_MS,
    };
    let shortage = await budgets.hold(held, claims);
    // What a dead process held may be just what is missing.
    if (shortage !== undefined && (await budgets.release(now)) > 0)
      shortage = await budgets.hold(held, claims);
    if (shortage !== undefined) throw exceeded(shortage, call, now);
    this.#held.add(call.callId);
  }

  /** The call is recorded, which settled what was held for it. */
  settled(callId: string): void {
    this.#held.delete(callId);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #claims(call: PlannedCall, now: number): Promise<BudgetClaim[]> {
    const payer: Payer = {
      run_id: call.runId ?? null,
      assistant_id: call.assistantId ?? null,
      owner: call.owner ?? "",
      key_id: call.keyId ?? "",
      model_id: call.modelId,
      currency: call.currency,
    };
    const applying = [...(await this.#parts.budgets.applying(payer)), ...ofModel(call, payer)];
    return applying.flatMap((budget) => {
      const period = periodOf(budget.per, now, payer.run_id);
      if (period === undefined) return [];
      return [{ ...budget, period, rate_millionths: this.#rate(call, budget) }];
    });
  }

  #rate({ currency, modelId }: PlannedCall, budget: Applying): number {
    if (currency === budget.currency) return MICROS;
    const { rates } = this.#parts;
    const [from, to] = [rates.get(currency), rates.get(budget.currency)];
    if (from !== undefined && to !== undefined) return Math.ceil((from / to) * MICROS);
    throw new AppError(
      "insufficient_quota",
      `${whatOf(modelId)} is paid in ${currency} and ${nameOf(budget)} is in ${budget.currency}: ` +
        "set exchange_rates, or a budget in its currency",
    );
  }

  async #renew(): Promise<void> {
    if (this.#held.size === 0) return;
    const { budgets, clock, log } = this.#parts;
    try {
      await budgets.renew(this.#holder, clock.now() + HOLD_MS);
    } catch (error) {
      log.warn({ err: error }, "could not renew what is held of budgets");
    }
  }
}

/** The budgets in the model's own file. */
function ofModel({ modelId, currency, budget }: PlannedCall, payer: Payer): Applying[] {
  const own = (name: string, claim: { amount?: number | undefined } & Partial<Applying>) =>
    claim.amount === undefined || claim.subject === ""
      ? []
      : [
          {
            budget_id: `model ${modelId} ${name}`,
            scope: "model" as const,
            subject: claim.subject ?? modelId,
            per: claim.per ?? ("total" as const),
            currency,
            limit_micros: Math.round(claim.amount * MICROS),
          },
        ];
  return [
    ...own("per_run", { amount: budget?.per_run, per: "run" }),
    ...own("per_day", { amount: budget?.per_day, per: "day" }),
    ...own("per_key", { amount: budget?.per_key, subject: subjectOf("key", payer) ?? "" }),
  ];
}

const nameOf = ({ scope, subject, per }: Pick<Budget, "scope" | "subject" | "per">): string => {
  const whose = scope === "server" ? "the server" : `${scope} ${JSON.stringify(subject)}`;
  return `the budget of ${whose}${per === "total" ? "" : ` per ${per}`}`;
};

/** Tools are in the ledger too, under names that no model has. */
const whatOf = (id: string): string =>
  id.startsWith("tool:") ? id.replace(":", " ") : `model ${JSON.stringify(id)}`;

const amount = (micros: number): string => (micros / MICROS).toFixed(6).replace(/0{1,4}$/, "");

function exceeded(
  shortage: BudgetShortage,
  { modelId }: PlannedCall,
  now: number,
): BudgetExceededError {
  const { currency, limit_micros, spent_micros, held_micros, needed_micros } = shortage;
  const { budget_id, scope, subject, per, period } = shortage;
  const seconds = secondsLeft(per, now);
  return new BudgetExceededError(
    `Over budget: ${nameOf(shortage)} is ${amount(limit_micros)} ${currency}, of which ` +
      `${amount(spent_micros)} are spent and ${amount(held_micros)} held; ` +
      `a call of ${whatOf(modelId)} may cost ${amount(needed_micros)}`,
    {
      model: modelId,
      budget: { budget_id, scope, subject, per, period },
      currency,
      limit_micros,
      spent_micros,
      held_micros,
      needed_micros,
      ...(seconds === undefined ? {} : { retry_after_seconds: seconds }),
    },
  );
}
