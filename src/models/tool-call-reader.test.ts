import { describe, expect, it } from "vitest";
import { ToolCallReader } from "./tool-call-reader.ts";

type Piece = Record<string, unknown>;

const piece = (fields: Piece, name: unknown, args: unknown): Piece => ({
  ...fields,
  function: {
    ...(name === undefined ? {} : { name }),
    ...(args === undefined ? {} : { arguments: args }),
  },
});

/** What a client puts together from the deltas, by index, as LangChain's event stream does. */
function joined(pieces: Piece[]) {
  const reader = new ToolCallReader();
  const byIndex: { id?: string; name?: string; args: string }[] = [];
  for (const delta of pieces.flatMap((each) => reader.read(each))) {
    const call = (byIndex[delta.index] ??= { args: "" });
    if (delta.id !== undefined) call.id = delta.id;
    if (delta.function.name !== undefined) call.name = delta.function.name;
    call.args += delta.function.arguments;
  }
  expect(reader.calls).toEqual(
    byIndex.map(({ id, name, args }) => ({ id, name, arguments: args })),
  );
  return byIndex.map(({ id, name, args }) => [id?.startsWith("call_") ? "made" : id, name, args]);
}

const A = ["a", "f", '{"x":1}'];
const B = ["b", "g", '{"y":2}'];

describe("ToolCallReader", () => {
  it.each<[string, Piece[], unknown[]]>([
    [
      "regular pieces",
      [
        piece({ index: 0, id: "a" }, "f", '{"x"'),
        piece({ index: 0 }, undefined, ":1}"),
        piece({ index: 1, id: "b" }, "g", '{"y":2}'),
      ],
      [A, B],
    ],
    [
      "empty and null ids and names",
      [
        piece({ index: 0, id: "a" }, "f", ""),
        piece({ index: 0, id: "" }, "", '{"x"'),
        piece({ index: 0, id: null }, null, ":1}"),
      ],
      [A],
    ],
    [
      "the id repeated on each piece",
      [piece({ index: 0, id: "a" }, "f", '{"x"'), piece({ index: 0, id: "a" }, "f", ":1}")],
      [A],
    ],
    [
      "no index at all",
      [
        piece({ id: "a" }, "f", '{"x"'),
        piece({}, undefined, ":1}"),
        piece({ id: "b" }, "g", '{"y"'),
        piece({}, undefined, ":2}"),
      ],
      [A, B],
    ],
    [
      "one index for two calls",
      [piece({ index: 0, id: "a" }, "f", '{"x":1}'), piece({ index: 0, id: "b" }, "g", '{"y":2}')],
      [A, B],
    ],
    [
      "one index for two calls in pieces",
      [
        piece({ index: 0, id: "a" }, "f", '{"x":1}'),
        piece({ index: 0, id: "b" }, "g", '{"y"'),
        piece({ index: 0 }, undefined, ":2}"),
      ],
      [A, B],
    ],
    [
      "interleaved pieces",
      [
        piece({ index: 0, id: "a" }, "f", '{"x"'),
        piece({ index: 1, id: "b" }, "g", '{"y"'),
        piece({ index: 0 }, undefined, ":1}"),
        piece({ index: 1 }, undefined, ":2}"),
      ],
      [A, B],
    ],
    [
      "an index that begins at one",
      [piece({ index: 1, id: "a" }, "f", '{"x":1}'), piece({ index: 2, id: "b" }, "g", '{"y":2}')],
      [A, B],
    ],
    [
      "no ids",
      [piece({ index: 0 }, "f", '{"x":1}'), piece({ index: 1 }, "g", '{"y":2}')],
      [
        ["made", ...A.slice(1)],
        ["made", ...B.slice(1)],
      ],
    ],
    [
      "no ids, one index, whole calls",
      [piece({ index: 0 }, "f", '{"x":1}'), piece({ index: 0 }, "g", '{"y":2}')],
      [
        ["made", ...A.slice(1)],
        ["made", ...B.slice(1)],
      ],
    ],
    [
      "neither ids nor indexes, whole calls",
      [piece({}, "f", { x: 1 }), piece({}, "g", { y: 2 })],
      [
        ["made", ...A.slice(1)],
        ["made", ...B.slice(1)],
      ],
    ],
    [
      "the name repeated without id",
      [piece({ index: 0 }, "f", '{"x"'), piece({ index: 0 }, "f", ":1}")],
      [["made", ...A.slice(1)]],
    ],
    [
      "no ids, one index, the same function twice",
      [piece({ index: 0 }, "f", '{"x":1}'), piece({ index: 0 }, "f", '{"y":2}')],
      [
        ["made", "f", '{"x":1}'],
        ["made", "f", '{"y":2}'],
      ],
    ],
    ["arguments as an object", [piece({ index: 0, id: "a" }, "f", { x: 1 })], [A]],
    ["no arguments", [piece({ index: 0, id: "a" }, "f", undefined)], [["a", "f", ""]]],
  ])("reads %s", (_, pieces, expected) => {
    expect(joined(pieces)).toEqual(expected);
  });

  it("knows whether all arguments are whole", () => {
    const reader = new ToolCallReader();
    reader.read(piece({ index: 0, id: "a" }, "f", ""));
    expect(reader.isWhole).toBe(true);
    reader.read(piece({ index: 0 }, undefined, '{"x":'));
    expect(reader.isWhole).toBe(false);
    reader.read(piece({ index: 0 }, undefined, "1}"));
    expect(reader.isWhole).toBe(true);
  });

  it("skips what is no call", () => {
    expect(new ToolCallReader().read(null)).toEqual([]);
    expect(new ToolCallReader().read("x")).toEqual([]);
  });
});
