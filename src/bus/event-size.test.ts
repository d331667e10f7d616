import { expect, it } from "vitest";
import { ReadSize, eventSize } from "./event-size.ts";
import type { LiveEvent } from "./port.ts";

const custom = (data: string): LiveEvent => ({
  kind: "custom",
  ns: [],
  data: { list: [data] },
  seq: 1,
});

it("counts what an event holds at any depth, and no further than it must", () => {
  expect(eventSize(custom("x".repeat(1000)), 10_000)).toBeGreaterThan(1000);
  expect(eventSize(custom(""), 10_000)).toBeLessThan(200);
  const many: LiveEvent = {
    kind: "custom",
    ns: [],
    data: Array.from({ length: 100_000 }, () => "x".repeat(100)),
    seq: 1,
  };
  expect(eventSize(many, 1000)).toBeLessThan(2000);
});

it("reads more while events are small, and one at a time when they are large", () => {
  const size = new ReadSize();
  const first = size.events;
  size.learn([custom("small")]);
  expect(size.events).toBeGreaterThan(first);
  for (let turn = 0; turn < 5; turn++) size.learn([custom("small")]);
  const most = size.events;
  size.learn([custom("small")]);
  expect(size.events).toBe(most);
  for (let turn = 0; turn < 5; turn++) size.learn([custom("x".repeat(1_000_000))]);
  expect(size.events).toBe(1);
});
