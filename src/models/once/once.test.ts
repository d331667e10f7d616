import { Command } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { keyOf } from "./key.ts";
import { toRecord } from "./record.ts";
import { takeAnswers } from "./scratchpad.ts";

describe("takeAnswers", () => {
  it("refuses a call whose answers are not all there, and takes no number from the others", () => {
    const scratchpad = {
      interruptCounter: -1,
      resume: ["yes"],
      consumeNullResume: () => undefined,
    };
    const kept: unknown[] = [];
    expect(takeAnswers(scratchpad, [0, 1], (answers) => kept.push(answers))).toBe(false);
    expect(scratchpad.interruptCounter).toBe(-1);
    expect(kept).toEqual([]);
  });
});

describe("toRecord", () => {
  it("keeps no commands inside of a list, which could not be made again", () => {
    expect(toRecord(["text", new Command({ resume: 1 })], [])).toBeUndefined();
    expect(toRecord(["text"], [])).toMatchObject({ result: ["text"] });
  });
});

describe("keyOf", () => {
  it("takes what JSON cannot hold", () => {
    expect(keyOf({ n: 1n })).toBe(keyOf({ n: 1n }));
    expect(keyOf({ n: 1n })).not.toBe(keyOf({ n: 2n }));
  });
});
