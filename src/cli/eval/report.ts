import { tableLines } from "../table.ts";
import { money } from "./money.ts";
import type { CaseResult } from "./run-case.ts";

/** Two tables: each case under each variant, and each variant as a whole; then what failed and why. */
export function evalReport(results: readonly CaseResult[]): string {
  const variants = [...new Set(results.map(({ variant }) => variant))];
  const cases = [...new Set(results.map((result) => result.case))];
  const cellOf = (id: string, variant: string) =>
    cell(results.find((it) => it.case === id && it.variant === variant));
  const byCase = cases.map((id) => [id, ...variants.map((variant) => cellOf(id, variant))]);
  const totals = variants.map((variant) =>
    totalOf(
      variant,
      results.filter((it) => it.variant === variant),
    ),
  );
  const failures = results
    .filter(({ passed }) => !passed)
    .map((it) => `${it.case} (${it.variant}): ${it.reason}`);
  return [
    ...tableLines([["case", ...variants], ...byCase]),
    "",
    ...tableLines([["variant", "passed", "cost", "mean ms", "slowest ms"], ...totals]),
    ...(failures.length === 0 ? [] : ["", "Failed:", ...failures]),
  ].join("\n");
}

function cell(result: CaseResult | undefined): string {
  if (result === undefined) return "";
  const { passed, latencyMs, costMicros } = result;
  return `${passed ? "pass" : "FAIL"} ${latencyMs} ms ${money(costMicros)}`;
}

function totalOf(variant: string, results: readonly CaseResult[]): string[] {
  const costs: Record<string, number> = {};
  for (const { costMicros } of results)
    for (const [currency, micros] of Object.entries(costMicros))
      costs[currency] = (costs[currency] ?? 0) + micros;
  const latencies = results.map(({ latencyMs }) => latencyMs);
  const mean = latencies.reduce((sum, one) => sum + one, 0) / latencies.length;
  const passed = results.filter((it) => it.passed).length;
  const share = Math.round((100 * passed) / results.length);
  return [
    variant,
    `${passed}/${results.length} (${share} %)`,
    money(costs),
    String(Math.round(mean)),
    String(Math.max(...latencies)),
  ];
}
