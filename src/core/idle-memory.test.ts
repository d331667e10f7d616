import { expect, it } from "vitest";
import { collectGarbage, isTimeToCollect } from "./idle-memory.ts";

const MB = 1024 * 1024;

it.each([
  ["an idle process that grew", { share: 0.01, bytes: 140 * MB }, 100 * MB, true],
  ["one that grew little", { share: 0.01, bytes: 130 * MB }, 100 * MB, false],
  ["one that works", { share: 0.1, bytes: 300 * MB }, 100 * MB, false],
  ["one that was never collected", { share: 0, bytes: 100 * MB }, 0, true],
])("is for %s", (_, now, rested, expected) => {
  expect(isTimeToCollect(now, rested)).toBe(expected);
});

it("gives back what nothing refers to", async () => {
  let lists: object[][] = Array.from({ length: 200 }, () =>
    Array.from({ length: 5000 }, (_item, index) => ({ index })),
  );
  expect(lists).toHaveLength(200);
  const { heapTotal } = process.memoryUsage();
  lists = [];
  await collectGarbage();
  expect(process.memoryUsage().heapTotal).toBeLessThan(heapTotal - 16 * MB);
});
