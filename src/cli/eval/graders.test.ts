import { describe, expect, it } from "vitest";
import { grade, type Graded, graderSchema, type Judge } from "./graders.ts";

const judge: Judge = async ({ criteria, answer }) => ({
  passed: answer.includes(criteria),
  reason: "the judge says so",
});

const gradeOf = async (grader: object, answer: Partial<Graded>) =>
  await grade(graderSchema.parse(grader), { input: "?", text: "", ...answer }, judge);

describe("graders", () => {
  it.each([
    [{ type: "exact", value: "84" }, " ８４\n", true],
    [{ type: "exact", value: "84" }, "84.", false],
    [{ type: "contains", all: ["Ada", "84"] }, "ada: 84", true],
    [{ type: "contains", all: ["Ada", "84"] }, "Ada", false],
    [{ type: "contains", any: ["蓝色", "blue"] }, "它是蓝色的", true],
    [{ type: "contains", any: ["蓝色", "blue"] }, "red", false],
    [{ type: "contains", none: ["sorry"] }, "Sorry, no", false],
    [{ type: "json", value: { a: [1] } }, '```json\n{"a":[1]}\n```', true],
    [{ type: "json", value: { a: 1 } }, '{"a":1,"b":2}', false],
    [{ type: "json", value: { a: 1 }, partial: true }, '{"a":1,"b":2}', true],
    [{ type: "json", value: { a: 1 } }, "no json", false],
    [{ type: "judge", criteria: "kind" }, "a kind word", true],
    [{ type: "judge", criteria: "kind" }, "a word", false],
  ])("%j on %j: %s", async (grader, text, passed) => {
    const found = await gradeOf(grader, { text });
    expect(found.passed).toBe(passed);
    expect(found.reason !== "" || passed).toBe(true);
  });

  it("grades a value of the state as JSON", async () => {
    expect(await gradeOf({ type: "json", value: [1] }, { value: [1] })).toMatchObject({
      passed: true,
    });
  });

  it("refuses a grader that does not exist", () => {
    expect(() => graderSchema.parse({ type: "fuzzy" })).toThrow("Invalid");
  });
});
