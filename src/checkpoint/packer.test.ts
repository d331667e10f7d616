import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { Send } from "@langchain/langgraph";
import { DeltaSnapshot, MemorySaver } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import type { Part } from "../storage/ports.ts";
import { Known } from "./known.ts";
import { Memo } from "./memo.ts";
import { Packer } from "./packer.ts";
import { PartCache } from "./part-cache.ts";
import { Unpacker } from "./unpacker.ts";

const { serde } = new MemorySaver();

/** A thread whose parts are in memory. */
function thread({ cache = new PartCache(), known = new Known() } = {}) {
  const stored = new Map<string, Part>();
  const pack = async (value: unknown, hasWrites = false) => {
    const packer = new Packer({ serde, memo: cache.memo, known, hasWrites });
    const packed = (await packer.pack(value)) ?? "";
    const { parts, lists } = packer;
    for (const part of parts) stored.set(part.part_id, part);
    known.learn({ parts: parts.map(({ part_id }) => part_id), lists });
    return { packed, parts };
  };
  const unpack = async (packed: string, from = new PartCache()) => {
    const load = async (ids: string[]) => ids.flatMap((id) => stored.get(id) ?? []);
    return new Unpacker({ serde, memo: from.memo, parts: from.of("t"), load }).unpack(packed);
  };
  return { pack, unpack, stored };
}

const long = "长文 long text ".repeat(30);

const samples: [string, unknown][] = [
  ["null", null],
  ["undefined", undefined],
  ["a number", 1.5],
  ["an empty list", []],
  ["an empty object", {}],
  ["a long text", long],
  ["texts of signs", ["@a", "=1", "[", "{", "~"]],
  ["half a surrogate pair and NUL", ["\ud800", "a\u0000b", long]],
  ["a list of many numbers", Array.from({ length: 300 }, (_, n) => n)],
  ["a list with undefined", [undefined, null, long]],
  ["duplicates", [long, long, { text: long }, { text: long }]],
  ["lists in lists", [[[[[[long], [long]]]]]]],
  ["a field that is undefined", { a: undefined, b: [long], c: long }],
  ["fields that are functions", { a: () => 1, b: [() => 1, 2, long], c: 1 }],
  ["fields with odd names", { __proto__x: [1], constructor: [long], 'q"uote': [long] }],
  ["a Set and a Map", [new Set([1, 2]), new Map([["a", long]]), long]],
  ["an error and an expression", [new Error("bad"), /a+/gu, long]],
  ["bytes", new Uint8Array([1, 2, 255])],
  ["bytes in a list", [new Uint8Array([1, 2, 255]), long]],
  ["a date", [new Date(0), long]],
  [
    "a serialised Set given as plain data",
    [{ lc: 2, type: "constructor", id: ["Set"], args: [[long]] }],
  ],
  ["a send", new Send("node", { messages: [new HumanMessage({ id: "1", content: long })] })],
  ["sends", [new Send("a", { n: [1] }), new Send("b", long, { timeout: 5 })]],
  ["an input", { messages: [{ role: "user", content: long }], flag: true }],
  [
    "messages",
    [
      new HumanMessage({ id: "1", content: long }),
      new AIMessage({ id: "2", content: "", tool_calls: [{ id: "c", name: "n", args: { long } }] }),
      new ToolMessage({ id: "3", tool_call_id: "c", content: long, artifact: { list: [long] } }),
    ],
  ],
];

describe("packing", () => {
  it.each(samples)("gives %s back as the serializer does", async (_, value) => {
    const { pack, unpack } = thread();
    const { packed } = await pack(value);
    const expected: unknown = await serde.loadsTyped(...(await serde.dumpsTyped(value)));
    expect(await unpack(packed)).toEqual(expected);
    const cache = new PartCache();
    expect(await unpack(packed, cache)).toEqual(expected);
    expect(await unpack(packed, cache)).toEqual(expected);
  });

  it("gives a snapshot of a delta channel back as one", async () => {
    const { pack, unpack, stored } = thread();
    const messages = [new HumanMessage({ id: "1", content: long })];
    const read = await unpack((await pack(new DeltaSnapshot(messages))).packed);
    expect(read).toBeInstanceOf(DeltaSnapshot);
    expect((read as DeltaSnapshot).value).toEqual(messages);
    await pack(messages);
    expect(stored.size).toBe(1);
  });

  it("stores what values have in common once, in whatever they are", async () => {
    const { pack, stored } = thread();
    const message = () => new HumanMessage({ id: "1", content: long });
    await pack([message()]);
    await pack({ messages: [message()] });
    await pack(new Send("node", { messages: [message()] }));
    expect(stored.size).toBe(1);
  });

  it("leaves out what JSON leaves out", async () => {
    expect((await thread().pack(() => 1)).packed).toBe("");
  });

  it("stores only what a list has more than one that is known", async () => {
    const { pack, unpack, stored } = thread();
    const messages = Array.from({ length: 500 }, (_, n) => new HumanMessage(`${n} ${long}`));
    await pack(messages);
    const before = stored.size;
    const { packed, parts } = await pack([...messages, new HumanMessage(`more ${long}`)]);
    expect(parts.length).toBeLessThan(8);
    expect(stored.size).toBe(before + parts.length);
    expect(await unpack(packed)).toHaveLength(501);
  });

  it("stores again in a thread what it remembers from another", async () => {
    const cache = new PartCache();
    const messages = [new HumanMessage({ id: "1", content: long })];
    await thread({ cache }).pack(messages);
    const { pack, unpack } = thread({ cache });
    expect(await unpack((await pack(messages)).packed)).toEqual(messages);
  });

  it("sees a message that a node changed and returned, wherever it stands", async () => {
    const { pack, unpack } = thread();
    const messages = Array.from({ length: 100 }, (_, n) => new HumanMessage(`${n} ${long}`));
    await pack(messages);
    const textsOf = async (packed: string) =>
      ((await unpack(packed)) as HumanMessage[]).map(({ content }) => content);
    const texts = messages.map(({ content }) => content);
    for (const at of [0, 50]) {
      texts[at] = `changed ${long}`;
      Object.assign(messages[at] ?? {}, { content: texts[at] });
      await pack([messages[at]]);
      expect(await textsOf((await pack([...messages], true)).packed)).toEqual(texts);
    }
    texts[1] = `changed without a word ${long}`;
    Object.assign(messages[1] ?? {}, { content: texts[1] });
    expect(await textsOf((await pack([...messages])).packed)).toEqual(texts);
  });
});

describe("reading", () => {
  it("gives each reader lists of its own with the same messages", async () => {
    const { pack, unpack } = thread();
    const { packed } = await pack([new HumanMessage({ id: "1", content: long })]);
    const cache = new PartCache();
    const [one, two] = [await unpack(packed, cache), await unpack(packed, cache)] as unknown[][];
    expect(one).not.toBe(two);
    expect(one?.[0]).toBe(two?.[0]);
  });

  it("does not hand on what a reader has changed", async () => {
    const { pack, unpack } = thread();
    const value = () => [new HumanMessage({ id: "1", content: long }), { list: [{ long }] }];
    const { packed } = await pack(value());
    const cache = new PartCache();
    const read = (await unpack(packed, cache)) as [HumanMessage, { list: { long: string }[] }];
    read[0].content = "changed";
    read[1].list.push({ long: "more" });
    expect(await unpack(packed, cache)).toEqual(value());
  });

  it("rejects when a part is missing", async () => {
    const { packed } = await thread().pack([new HumanMessage({ id: "1", content: long })]);
    await expect(thread().unpack(packed)).rejects.toThrow("missing");
  });
});

it("remembers nothing of one memo in another", () => {
  const value = { a: 1 };
  new Memo().remember(value, "@1");
  expect(new Memo().find(value)).toBeUndefined();
});
