import { expect, it } from "vitest";
import { PostgresClock } from "./postgres-clock.ts";

it("tells the time of the database, and goes on from there", async () => {
  const answers = [1_000_000, 1_000_000, 1_000_000];
  const clock = new PostgresClock(async () => answers.shift() ?? Number.NaN);
  const before = performance.now();
  await clock.set();
  const told = clock.now();
  const passedMs = performance.now() - before;
  expect(told).toBeGreaterThanOrEqual(1_000_000);
  expect(told).toBeLessThanOrEqual(1_000_001 + passedMs);
  expect(clock.now()).toBeGreaterThanOrEqual(told);
});

it("takes the quickest answer for the truest", async () => {
  const answers: [ms: number, delayMs: number][] = [
    [5_000_000, 40],
    [1_000_000, 0],
    [9_000_000, 40],
  ];
  const clock = new PostgresClock(async () => {
    const [ms, delayMs] = answers.shift() ?? [0, 0];
    const end = performance.now() + delayMs;
    while (performance.now() < end);
    return ms;
  });
  await clock.set();
  expect(Math.abs(clock.now() - 1_000_000)).toBeLessThan(1000);
});
