import type { ModelCall } from "./usage.ts";

export const BUDGET_SCOPES = ["server", "key", "owner", "assistant", "model", "run"] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

export const BUDGET_PERIODS = ["total", "month", "day", "run"] as const;
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number];

/** Of a budget's subject: each one of its scope has the whole amount to itself. */
export const EACH = "*";

/** What may be spent by whom in which time. Months and days are those of UTC. */
export interface Budget {
  budget_id: string;
  scope: BudgetScope;
  /** Id of the key, owner, assistant, model or run, or EACH. Empty for the whole server. */
  subject: string;
  per: BudgetPeriod;
  currency: string;
  limit_micros: number;
  created_at: number;
  updated_at: number;
}

/** On whose account a call is made. */
export type Payer = Pick<
  ModelCall,
  "run_id" | "assistant_id" | "owner" | "key_id" | "model_id" | "currency"
>;

/** One budget as it applies to one call. */
export interface BudgetClaim {
  budget_id: string;
  scope: BudgetScope;
  subject: string;
  /** The day, month or run whose sum counts. */
  period: string;
  per: BudgetPeriod;
  currency: string;
  limit_micros: number;
  /** Units of the budget's currency for one million of the call's. */
  rate_millionths: number;
}

/** How much of a budget is gone. */
export interface BudgetSpend {
  spent_micros: number;
  held_micros: number;
}

/** A claim that could not be met. */
export interface BudgetShortage extends BudgetClaim, BudgetSpend {
  needed_micros: number;
}

/** What is assumed of a token whose price nobody gave, in millionths: ten units for a million tokens. */
const ASSUMED_TOKEN_MICROS = 10;

const ASSUMED_IMAGE_MICROS = 200_000;

/** What is assumed of a call that has no price: never nothing. */
export const assumedMicros = (tokens: number, images: number): number =>
  tokens * ASSUMED_TOKEN_MICROS + images * ASSUMED_IMAGE_MICROS;

/** What a call takes from its budgets: its price, or what is assumed where it has none. */
export const chargedMicros = (call: ModelCall): number =>
  call.cost_micros ??
  assumedMicros(
    call.prompt_tokens + call.completion_tokens,
    call.kind === "image" && call.status === "success" ? call.units : 0,
  );

/** Rates such as `USD=7.1,CNY=1`: the worth of each currency in a common unit. */
export const parseRates = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split(",")
      .filter((rate) => rate !== "")
      .map((rate) => {
        const [currency = "", worth = ""] = rate.split("=");
        return [currency, Number(worth)] as const;
      })
      .filter(([, worth]) => worth > 0),
  );

/** An amount in another currency, rounded up so that no budget is overdrawn by rounding. */
export function converted(micros: number, rateMillionths: number): number {
  if (rateMillionths === 1_000_000) return micros;
  return Number((BigInt(micros) * BigInt(rateMillionths) + 999_999n) / 1_000_000n);
}

/** Which sum of a budget counts now; undefined where a call belongs to none. */
export function periodOf(per: BudgetPeriod, now: number, runId: string | null): string | undefined {
  if (per === "total") return "total";
  if (per === "run") return runId === null ? undefined : `run ${runId}`;
  return new Date(now).toISOString().slice(0, per === "day" ? 10 : 7);
}

/** How long a sum counts from now on, in whole seconds; undefined where it does not begin anew. */
export function secondsLeft(per: BudgetPeriod, now: number): number | undefined {
  if (per !== "day" && per !== "month") return undefined;
  const at = new Date(now);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  const end =
    per === "day" ? Date.UTC(year, month, at.getUTCDate() + 1) : Date.UTC(year, month + 1);
  return Math.ceil((end - now) / 1000);
}

/** The id that a payer has in a scope; undefined where it has none. */
export function subjectOf(scope: BudgetScope, payer: Payer): string | undefined {
  if (scope === "server") return "";
  const id = {
    key: payer.key_id,
    owner: payer.owner,
    assistant: payer.assistant_id,
    model: payer.model_id,
    run: payer.run_id,
  }[scope];
  return id === null || id === "" ? undefined : id;
}
