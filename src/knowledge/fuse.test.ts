import { expect, it } from "vitest";
import { fuse } from "./fuse.ts";

const listOf = (...ids: string[]) => ids.map((item_id) => ({ item_id }));
const order = (fused: { item_id: string }[]) => fused.map(({ item_id }) => item_id);

it("puts what both lists have before what one of them has first", () => {
  const lists = [
    { hits: listOf("a", "b"), weight: 1 },
    { hits: listOf("c", "b"), weight: 1 },
  ];
  expect(order(fuse(lists))[0]).toBe("b");
});

it("lets the list with more weight win", () => {
  const lists = [
    { hits: listOf("a"), weight: 1 },
    { hits: listOf("b"), weight: 2 },
  ];
  expect(order(fuse(lists))).toEqual(["b", "a"]);
});
