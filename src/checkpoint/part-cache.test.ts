import { expect, it } from "vitest";
import { PartCache } from "./part-cache.ts";

it("lets the thread go that was used longest ago, and never keeps more than its bound", () => {
  const cache = new PartCache({ maxBytes: 400 });
  const keep = (thread: string, id = "@1") => cache.of(thread).set(id, { value: thread }, 40);
  const has = (thread: string, id = "@1") => cache.of(thread).get(id) !== undefined;
  keep("a");
  keep("b");
  expect([has("a"), has("b")]).toEqual([true, true]);
  cache.of("a");
  keep("c");
  expect([has("b"), has("a"), has("c")]).toEqual([false, true, true]);
  const reader = cache.of("big");
  reader.set("@1", { value: 1 }, 101);
  expect(reader.get("@1")).toBeDefined();
  expect(has("big")).toBe(false);
  keep("d");
  cache.forget("d");
  expect(has("d")).toBe(false);
});

it("keeps the parts of threads apart", () => {
  const cache = new PartCache();
  cache.of("a").set("@1", { value: 1 }, 10);
  expect(cache.of("b").get("@1")).toBeUndefined();
});
