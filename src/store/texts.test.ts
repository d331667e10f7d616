import { describe, expect, it } from "vitest";
import { leavesOf, textsAt } from "./texts.ts";

const value = {
  title: "Lamp",
  deep: { er: { text: "oil" } },
  notes: [{ text: "one" }, { text: "two", n: 3 }],
  on: true,
  none: null,
};

describe("textsAt", () => {
  it.each<[string, string[]]>([
    ["title", ["Lamp"]],
    ["deep.er.text", ["oil"]],
    ["deep.er", ['{"text":"oil"}']],
    ["notes[0].text", ["one"]],
    ["notes[-1].text", ["two"]],
    ["notes[*].text", ["one", "two"]],
    ["notes[*].n", ["3"]],
    ["{title,deep.er.text}", ["Lamp", "oil"]],
    ["deep.*.text", ["oil"]],
    ["on", ["true"]],
    ["none", []],
    ["no.where[3]", []],
    ["title.length", []],
    ["constructor.name", []],
    ["$", [JSON.stringify(value)]],
  ])("finds at %s %j", (path, texts) => {
    expect(textsAt(value, path)).toEqual(texts);
  });
});

describe("leavesOf", () => {
  it("has the scalars of a value without its keys", () => {
    expect(leavesOf(value)).toEqual(["Lamp", "oil", "one", "two", "3", "true"]);
  });
});
