/** Costs in millionths by currency, as people read them; a dash for none. */
export const money = (costs: Readonly<Record<string, number>>): string =>
  Object.entries(costs)
    .filter(([, micros]) => micros > 0)
    .map(([currency, micros]) => `${micros / 1_000_000} ${currency}`)
    .join(" + ") || "-";
