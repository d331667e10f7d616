import { expect, it } from "vitest";
import { Known } from "./known.ts";

const list = (values: unknown[]) => ({
  values,
  items: values.map((v) => `=${String(v)}`),
  levels: [],
});

it("finds the longest list that another begins with", () => {
  const known = new Known();
  known.learn({ lists: [list([1]), list([1, 2]), list([1, 3]), list([1, 2, 3, 4])] });
  expect(known.startOfValues([1, 2, 3])).toEqual(list([1, 2]));
  expect(known.startOf(["=1", "=2", "=3"])).toEqual(list([1, 2]));
  expect(known.startOf(["=2"])).toBeUndefined();
  known.forgetValues();
  expect(known.startOfValues([1, 2, 3])).toBeUndefined();
  expect(known.startOf(["=1", "=2", "=3"])).toBeDefined();
});

it("says once that there were writes, when they are packed", async () => {
  const known = new Known();
  expect(await known.hadWrites()).toBe(false);
  const packing = Promise.withResolvers<void>();
  known.expectWrites(packing.promise);
  known.expectWrites(Promise.reject(new Error("not stored")));
  let isAnswered = false;
  const answer = known.hadWrites().then((had) => {
    isAnswered = true;
    return had;
  });
  await new Promise(setImmediate);
  expect(isAnswered).toBe(false);
  packing.resolve();
  expect(await answer).toBe(true);
  expect(await known.hadWrites()).toBe(false);
});

it("keeps the values of the last checkpoints by place and namespace", () => {
  const known = new Known();
  for (let n = 0; n < 30; n += 1) {
    known.learnValues({ checkpoint_ns: "", checkpoint_id: `${n}` }, { a: `=${n}` });
  }
  expect(known.valuesAt({ checkpoint_ns: "", checkpoint_id: "29" })).toEqual({ a: "=29" });
  expect(known.valuesAt({ checkpoint_ns: "child", checkpoint_id: "29" })).toEqual({});
  expect(known.valuesAt({ checkpoint_ns: "", checkpoint_id: "1" })).toEqual({});
});
