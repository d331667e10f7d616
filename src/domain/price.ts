/** Prices of a model, named as in its file: of one million tokens, of a request, of an image. */
export interface Prices {
  readonly pay_in?: number | undefined;
  readonly pay_out?: number | undefined;
  readonly pay_cached?: number | undefined;
  readonly pay_cache_write?: number | undefined;
  readonly pay_think?: number | undefined;
  readonly pay_request?: number | undefined;
  readonly pay_image?: number | undefined;
  readonly pay_tiers?: readonly PriceTier[] | undefined;
}

/** Prices of prompts up to a length; without one, of all longer prompts. */
export interface PriceTier {
  readonly up_to_input?: number | undefined;
  readonly pay_in: number;
  readonly pay_out: number;
  readonly pay_cached?: number | undefined;
  readonly pay_cache_write?: number | undefined;
  readonly pay_think?: number | undefined;
}

/** What a call is paid by. Cached and written tokens are part of the prompt, thinking of the answer. */
export interface Billable {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
  readonly requests: number;
  readonly images: number;
}

/** One millionth of a unit of money. */
export const MICROS = 1_000_000;
/** A million units: no call costs more, and thousands of such calls still add up exactly. */
export const MAX_COST_MICROS = 1e12;

/** Decimal digits that are kept of a price. */
const DIGITS = 12;
const SCALE = 10n ** BigInt(DIGITS);

/** Whether anything is known of what a call costs. */
export const isPriced = (prices: Prices): boolean =>
  prices.pay_in !== undefined ||
  prices.pay_out !== undefined ||
  prices.pay_request !== undefined ||
  prices.pay_image !== undefined ||
  (prices.pay_tiers?.length ?? 0) > 0;

/**
 * What a call costs, in millionths of the price's currency: exact, rounded once to the nearest
 * (halves up). Null where no price is known.
 */
export function costMicros(prices: Prices, used: Billable): number | null {
  if (!isPriced(prices)) return null;
  const { promptTokens, cachedTokens, cacheWriteTokens, completionTokens, reasoningTokens } = used;
  const rates = ratesOf(prices, promptTokens);
  const fresh = promptTokens - cachedTokens - cacheWriteTokens;
  // A price per million tokens is a price in millionths per token.
  const scaled =
    times(fresh, rates.in) +
    times(cachedTokens, rates.cached) +
    times(cacheWriteTokens, rates.cacheWrite) +
    times(completionTokens - reasoningTokens, rates.out) +
    times(reasoningTokens, rates.think) +
    times(used.requests * MICROS, prices.pay_request ?? 0) +
    times(used.images * MICROS, prices.pay_image ?? 0);
  const micros = Number((scaled + SCALE / 2n) / SCALE);
  return Math.min(micros, MAX_COST_MICROS);
}

/** The prices of tokens for a prompt of this length; what has no price of its own has the plain one. */
function ratesOf(prices: Prices, promptTokens: number) {
  const tier = tierOf(prices.pay_tiers ?? [], promptTokens);
  const { pay_in = 0, pay_out = 0, ...own } = { ...prices, ...tier };
  const { pay_cached = pay_in, pay_cache_write = pay_in, pay_think = pay_out } = own;
  return {
    in: pay_in,
    out: pay_out,
    cached: pay_cached,
    cacheWrite: pay_cache_write,
    think: pay_think,
  };
}

/** The first tier that the prompt fits into, the last one where it fits none. */
function tierOf(tiers: readonly PriceTier[], promptTokens: number): PriceTier | undefined {
  const ordered = tiers.toSorted((a, b) => limitOf(a) - limitOf(b));
  return ordered.find((tier) => promptTokens <= limitOf(tier)) ?? ordered.at(-1);
}

const limitOf = ({ up_to_input: limit }: PriceTier): number => limit ?? Number.MAX_SAFE_INTEGER;

const times = (count: number, price: number): bigint =>
  count <= 0 || price === 0 ? 0n : BigInt(Math.round(count)) * scaledPrice(price);

/** A price as it is written, in units of its last kept digit: binary fractions would lose some. */
function scaledPrice(price: number): bigint {
  const [digits = "0", exponent = "0"] = String(price).split("e");
  const [whole = "0", fraction = ""] = digits.split(".");
  const shift = DIGITS + Number(exponent) - fraction.length;
  const value = BigInt(whole + fraction);
  if (shift >= 0) return value * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return (value + divisor / 2n) / divisor;
}
